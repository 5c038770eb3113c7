"""Where the checkpoints of a training lie; known without torch, for whoever clears them away."""

from __future__ import annotations

import itertools
import shutil
from pathlib import Path

CHECKPOINTS = "checkpoint-*.pt"
BEGINNING = "beginning.json"  # what the checkpoints beside it go by
HALF_WRITTEN = ".*.part"

ASIDE = "aside-"  # and a number: what was moved out of the way


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
    for aside in folder.glob(f"{ASIDE}*"):
        freed += sum(path.stat().st_size for path in aside.rglob("*") if path.is_file())
        shutil.rmtree(aside)
    return freed


def move_aside(folder: Path) -> Path:
    """Make room for a training that begins again in ``folder``; where all that was there is now."""
    there = [path for path in folder.iterdir() if not path.name.startswith(ASIDE)]
    names = (folder / f"{ASIDE}{number}" for number in itertools.count(1))
    aside = next(name for name in names if not name.exists())
    aside.mkdir()
    for path in there:
        path.rename(aside / path.name)
    return aside
