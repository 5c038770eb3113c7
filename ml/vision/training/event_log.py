"""Epochs as event files, which TensorBoard shows."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from tensorboardX import SummaryWriter

FIGURES = ("train_loss", "val_loss", "val_accuracy", "learning_rate", "seconds")


class EventLog:
    """Writes under ``folder``/events."""

    def __init__(self, folder: Path) -> None:
        self._writer = SummaryWriter(str(folder / "events"))

    def write(self, epoch: dict[str, Any]) -> None:
        """One epoch's figures, the fields of :class:`ml.vision.training.epochs.EpochReport`."""
        for key in FIGURES:
            if not math.isnan(epoch[key]):
                self._writer.add_scalar(key, epoch[key], epoch["epoch"])
        self._writer.flush()

    def close(self) -> None:
        self._writer.close()
