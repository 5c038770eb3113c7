"""Checkpoints that survive a SIGKILL at any point.

Each epoch is one file ``checkpoint-0007.pt``: the SHA-256 of the payload, then the payload. It is
written beside its place and renamed, so it is whole or absent; the one before is kept in case the
disk spoils it.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from ml.vision.errors import CheckpointMismatch, DamagedWeights
from ml.vision.storage.packed import pack, unpack, write_or_say
from ml.vision.training.checkpoint_files import CHECKPOINTS, delete_half_written

logger = logging.getLogger(__name__)
KEPT = 2


class Checkpoints:
    """The checkpoints of one training in one folder."""

    def __init__(self, folder: Path, fingerprint: str) -> None:
        self.folder = folder
        self.fingerprint = fingerprint
        self.notes: list[str] = []

    def save(self, epoch: int, content: dict[str, Any]) -> None:
        """Write epoch ``epoch`` and forget all but the newest two; :class:`DiskFull` if it is."""
        data = pack({**content, "fingerprint": self.fingerprint, "epoch": epoch})
        write_or_say(self.folder / f"checkpoint-{epoch:04d}.pt", data)
        for path in self._newest_first()[KEPT:]:
            path.unlink(missing_ok=True)

    def load_last(self) -> dict[str, Any] | None:
        """The newest sound checkpoint, or None; ``notes`` says which ones were passed over.

        Raises :class:`CheckpointMismatch` if it belongs to other settings, classes or data.
        """
        delete_half_written(self.folder)
        for path in self._newest_first():
            try:
                content = unpack(path.read_bytes(), path)
            except DamagedWeights as error:
                self._note(f"Passed over a damaged checkpoint: {error}")
                path.unlink(missing_ok=True)
                continue
            self.check_ours(content["fingerprint"])
            self._note(f"Resumed after epoch {content['epoch']}.")
            return content
        return None

    def are_there(self) -> bool:
        return bool(self._newest_first())

    def check_ours(self, fingerprint: str) -> None:
        """Raise :class:`CheckpointMismatch` unless it is this training's."""
        if fingerprint == self.fingerprint:
            return
        raise CheckpointMismatch(
            f"{self.folder} holds checkpoints of a training with other settings, classes "
            "or data; give this training a folder of its own.",
            folder=str(self.folder),
            why="another release of the code wrote them, or it now starts from other weights",
        )

    def _note(self, words: str) -> None:
        self.notes.append(words)
        logger.warning(words)

    def _newest_first(self) -> list[Path]:
        return sorted(self.folder.glob(CHECKPOINTS), reverse=True)
