"""Arrays of one training or search, kept in a file without a name instead of in memory."""

from __future__ import annotations

import logging
import mmap
import os
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt

logger = logging.getLogger(__name__)
BLOCK = 64 * 1024 * 1024  # bytes mapped at a time: many arrays share one mapping
ALIGN = 64  # bytes at which an array begins


class Spool:
    """Takes arrays and gives them back memory-mapped, read-only, equal in all else.

    The kernel drops their pages when memory is short and reads them again when they are asked for.
    The file has no name and belongs to this process alone: a kill at any point leaves nothing
    behind, no other process meets it half-written, and its room is free once the last array is
    gone. On a full disk arrays stay in memory.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._file: int | None = None
        self._mapped: mmap.mmap | None = None
        self._begin = 0  # of the block that is being filled
        self._used = 0  # bytes of it

    def keep(self, array: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
        """The same array from the file; itself where it cannot be written."""
        if not array.nbytes:
            return array
        try:
            block = self._block_for(array.nbytes)
            self._write(np.ascontiguousarray(array).data.cast("B"))
        except OSError as error:
            logger.warning("kept in memory, not on disk (%s)", error.strerror)
            return array
        kept = np.frombuffer(block, array.dtype, array.size, self._used).reshape(array.shape)
        self._used += -(-array.nbytes // ALIGN) * ALIGN
        return kept

    def _block_for(self, size: int) -> mmap.mmap:
        """The mapping that has room for ``size`` more bytes."""
        if self._mapped is None or self._used + size > len(self._mapped):
            begin = self._begin + (len(self._mapped) if self._mapped is not None else 0)
            length = -(-max(size, BLOCK) // mmap.ALLOCATIONGRANULARITY)
            length *= mmap.ALLOCATIONGRANULARITY
            file = self._open()
            os.truncate(file, begin + length)  # a hole: it takes no room until it is written
            self._mapped = mmap.mmap(file, length, access=mmap.ACCESS_READ, offset=begin)
            self._begin, self._used = begin, 0
        return self._mapped

    def _open(self) -> int:
        if self._file is None:
            self.folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.folder) as file:
                self._file = os.dup(file.fileno())
        return self._file

    def _write(self, data: memoryview) -> None:
        """Through the file: there a full disk is an error, through a mapping it is a signal."""
        file, at = self._open(), self._begin + self._used
        while data:
            written = os.pwrite(file, data, at)
            data, at = data[written:], at + written

    def close(self) -> None:
        """No more arrays are taken; those that were given stay."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
        self._mapped = None
        self._begin = self._used = 0

    def __enter__(self) -> Spool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
