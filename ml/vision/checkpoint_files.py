"""Where the checkpoints of a training lie; known without torch, for whoever clears them away."""

from __future__ import annotations

from pathlib import Path

CHECKPOINTS = "checkpoint-*.pt"
BEGINNING = "beginning.json"  # what the checkpoints beside it go by
HALF_WRITTEN = ".*.part"


def delete_half_written(folder: Path) -> None:
    """What a killed writer left behind."""
    for part in folder.glob(HALF_WRITTEN):
        part.unlink(missing_ok=True)


def delete_checkpoints(folder: Path) -> int:
    """Delete what only a training under way needs, and leave its weights; the bytes freed."""
    delete_half_written(folder)
    freed = 0
    for path in [*folder.glob(CHECKPOINTS), *folder.glob(BEGINNING)]:
        freed += path.stat().st_size
        path.unlink(missing_ok=True)
    return freed
