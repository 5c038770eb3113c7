"""Arrays on disk under a hash of what they were computed from: a cache that can be lost."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tokenize import TokenError

import numpy as np
import numpy.typing as npt

logger = logging.getLogger(__name__)
# What numpy raises for a spoiled file, by the place of the damage: its header is Python.
DAMAGE = (ValueError, EOFError, SyntaxError, TokenError, TypeError, OverflowError)
PART_SECONDS = 3600  # after which nobody is writing a half-written file any more


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


@dataclass(frozen=True)
class ArrayStore:
    """Arrays by key, one ``.npy`` file each, safe for several processes at once."""

    folder: Path

    def path(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}.npy"

    def get(self, key: str, first: int | None = None) -> npt.NDArray[np.generic] | None:
        """The array, or its ``first`` rows; None where there is none or the file is damaged.

        The file is mapped, so that only the rows wanted are read, and let go of at once: thousands
        of mappings that stay would be as many open files.
        """
        path = self.path(key)
        try:
            mapped: npt.NDArray[np.generic] = np.load(path, mmap_mode="r", allow_pickle=False)
            array = np.array(mapped[:first])
        except FileNotFoundError:  # never there, or pruned this moment
            return None
        except OSError as error:  # it may be sound, and put() will lay another in its place
            logger.warning("cache entry %s not read (%s)", path.name, error.strerror)
            return None
        except DAMAGE:
            logger.warning("damaged cache entry dropped: %s", path.name)
            path.unlink(missing_ok=True)
            return None
        with contextlib.suppress(OSError):  # of another user, or pruned this moment
            os.utime(path)  # marks the use, by which prune() goes
        return array

    def put(self, key: str, array: npt.NDArray[np.generic]) -> None:
        """Store; a full disk costs speed later, never the work at hand."""
        path = self.path(key)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # A name of its own: two threads may write the same key at once.
            handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{key}.", suffix=".part")
            part = Path(name)
            try:
                # No fsync here: an entry that a power cut spoils is computed again.
                with os.fdopen(handle, "wb") as file:
                    np.save(file, array, allow_pickle=False)
                part.replace(path)
            finally:
                part.unlink(missing_ok=True)
        except OSError as error:
            logger.warning("cache entry not written (%s)", error.strerror)

    def prune(self, max_bytes: int) -> int:
        """Delete the entries unused for longest until ``max_bytes`` hold all; the bytes freed.

        Also what a killed writer left behind. Others may read, write and prune meanwhile; other
        files in the folder are not touched.
        """
        entries = sorted(self._entries())
        total, freed = sum(size for _, size, _ in entries), 0
        abandoned = time.time() - PART_SECONDS
        for used, size, name in entries:
            is_part = name.endswith(".part")
            if used < abandoned if is_part else total - freed > max_bytes:
                Path(name).unlink(missing_ok=True)
                freed += size
        return freed

    def _entries(self) -> Iterator[tuple[float, int, str]]:
        """(last use, bytes, path) of every file of the store, half-written ones too."""
        for path in self.folder.glob("??/*"):
            if path.suffix in (".npy", ".part"):
                with contextlib.suppress(FileNotFoundError):  # another process was faster
                    found = path.stat()
                    yield found.st_mtime, found.st_size, str(path)
