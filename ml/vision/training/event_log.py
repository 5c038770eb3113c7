"""Epochs as event files, which TensorBoard shows."""

from __future__ import annotations

import logging
import math
import time
from pathlib import Path
from typing import Any

from tensorboardX.event_file_writer import EventsWriter
from tensorboardX.proto.event_pb2 import Event
from tensorboardX.proto.summary_pb2 import Summary

logger = logging.getLogger(__name__)
FIGURES = ("train_loss", "val_loss", "val_accuracy", "learning_rate", "seconds")


class EventLog:
    """Writes under ``folder``/events. Where the disk is full the log suffers, not the training.

    Without a thread, unlike tensorboardX's ``SummaryWriter``: once its thread has died of a full
    disk, whoever writes waits for ever.
    """

    def __init__(self, folder: Path) -> None:
        self._writer: EventsWriter | None = None
        try:
            (folder / "events").mkdir(parents=True, exist_ok=True)
            self._writer = EventsWriter(str(folder / "events" / "events"))
        except OSError as error:
            _warn(error)

    def write(self, epoch: dict[str, Any]) -> None:
        """One epoch's figures, the fields of :class:`ml.vision.training.epochs.EpochReport`."""
        if self._writer is None:
            return
        values = [
            Summary.Value(tag=key, simple_value=epoch[key])
            for key in FIGURES
            if not math.isnan(epoch[key])
        ]
        try:
            self._writer.write_event(
                Event(wall_time=time.time(), step=epoch["epoch"], summary=Summary(value=values))
            )
            self._writer.flush()
        except OSError as error:
            _warn(error)

    def close(self) -> None:
        if self._writer is None:
            return
        try:
            self._writer.close()
        except OSError as error:
            _warn(error)


def _warn(error: OSError) -> None:
    logger.warning("an event file could not be written: %s", error.strerror)
