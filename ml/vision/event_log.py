"""Epochs as TensorBoard's event files, where its package is installed."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

FIGURES = ("train_loss", "val_loss", "val_accuracy", "learning_rate", "seconds")


class EventLog:
    """Writes under ``folder``/events; does nothing where ``tensorboard`` is not installed."""

    def __init__(self, folder: Path) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            self._writer: Any = None
        else:
            self._writer = SummaryWriter(str(folder / "events"))

    def write(self, epoch: dict[str, Any]) -> None:
        """One epoch's figures, the fields of :class:`ml.vision.epochs.EpochReport`."""
        if self._writer is None:
            return
        for key in FIGURES:
            if not math.isnan(epoch[key]):
                self._writer.add_scalar(key, epoch[key], epoch["epoch"])
        self._writer.flush()

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
