"""What is known of the epochs of a training."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from torch import Tensor


@dataclass(frozen=True)
class EpochReport:
    """One epoch, after its checkpoint is on disk.

    Epoch 0 is the linear head before fine-tuning. Losses are means per glitch: ``train_loss`` as
    minimised (smoothed labels), ``val_loss`` the log loss after calibration; the validation figures
    are NaN without validation glitches. ``replayed`` marks epochs of before a resume, ``is_last``
    the one after which there is no other, by their number or for lack of patience.
    """

    epoch: int
    epochs: int
    train_loss: float
    val_loss: float
    val_accuracy: float
    seconds: float
    learning_rate: float
    replayed: bool = False
    is_last: bool = False


@dataclass
class Progress:
    """What grows epoch by epoch, and is checkpointed."""

    history: list[dict[str, Any]] = field(default_factory=list)
    best_epoch: int = 0
    best: dict[str, Tensor] = field(default_factory=dict)
