"""Arrays on disk under a hash of what they were computed from: a cache that can be lost."""

from __future__ import annotations

import hashlib
import logging
import os
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt

logger = logging.getLogger(__name__)


def hash_of(*parts: object) -> str:
    """Hex SHA-256 over the representations of ``parts``."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(repr(part).encode())
        digest.update(b"\x00")
    return digest.hexdigest()


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file that is either wholly there or not at all, also after a SIGKILL."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)


class ArrayStore:
    """Arrays by key, one ``.npy`` file each, safe for several processes at once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}.npy"

    def get(self, key: str) -> npt.NDArray[np.generic] | None:
        """The array, or None where there is none or the file is damaged."""
        path = self.path(key)
        try:
            array: npt.NDArray[np.generic] = np.load(path, allow_pickle=False)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, EOFError):
            logger.warning("damaged cache entry dropped: %s", path.name)
            path.unlink(missing_ok=True)
            return None
        os.utime(path)  # marks the use, by which prune() goes
        return array

    def put(self, key: str, array: npt.NDArray[np.generic]) -> None:
        """Store; a full disk costs speed later, never the work at hand."""
        path = self.path(key)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # No fsync here: an entry that a power cut spoils is computed again.
            part = path.with_name(f".{path.name}.{os.getpid()}.part")
            with part.open("wb") as file:
                np.save(file, array, allow_pickle=False)
            part.replace(path)
        except OSError as error:
            logger.warning("cache entry not written (%s)", error.strerror)

    def prune(self, max_bytes: int) -> int:
        """Delete the entries unused for longest until ``max_bytes`` hold all; the bytes freed."""
        entries = sorted(
            (
                (path.stat().st_mtime, path.stat().st_size, path)
                for path in self.folder.rglob("*.*")
            ),
            key=lambda entry: entry[0],
        )
        total = sum(size for _, size, _ in entries)
        freed = 0
        for _, size, path in entries:
            if total - freed <= max_bytes:
                break
            path.unlink(missing_ok=True)
            freed += size
        return freed
