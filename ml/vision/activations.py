"""What the frozen part makes of each glitch, computed once and kept on disk.

The frozen part is the same for every epoch, every training and every model version that shares the
backbone and the boundary. Its output is stored by (weights, precision, content of the pictures), so
that re-training and re-scoring only run the last blocks.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ml.errors import MLError
from ml.vision.dataset import GlitchPictures, Skipped
from ml.vision.devices import autocast, forward_precision
from ml.vision.network import FrozenPart
from ml.vision.store import ArrayStore, hash_of
from ml.vision.views import VARIANTS, GlitchViews, ViewReader

# Larger minibatches of full-size layers fall out of the processor's cache and cost twice the time.
CPU_MINIBATCH, CUDA_MINIBATCH = 8, 128
READERS = 2  # threads that read and decode


@dataclass(frozen=True)
class Inputs:
    """Inputs of the trainable tail for the glitches that could be read.

    ``arrays[i]``: (2, ...), the variants FULL and LONGEST_ONLY of glitch ``kept[i]`` (an index into
    what was asked for): uint16 holding bfloat16 or float32 activations, or uint8 views where
    nothing is frozen. ``contents[i]``: hash of that glitch's pictures.
    """

    arrays: list[npt.NDArray[np.generic]]
    kept: list[int]
    contents: list[str]
    skipped: list[Skipped]


@dataclass(frozen=True)
class _Piece:
    index: int
    content: str
    array: npt.NDArray[np.generic] | None
    views: GlitchViews | None


Job = TypeVar("Job")
Done = TypeVar("Done")


def read_ahead(read: Callable[[Job], Done], jobs: Sequence[Job]) -> Iterator[Done]:
    """``read`` of each job in order, by a few threads, never more ahead than a bounded number."""
    with ThreadPoolExecutor(READERS) as readers:
        left = iter(jobs)
        ahead = deque(readers.submit(read, job) for job in islice(left, 8 * READERS))
        while ahead:
            done = ahead.popleft()
            ahead.extend(readers.submit(read, job) for job in islice(left, 1))
            yield done.result()


class InputMaker:
    """Makes :class:`Inputs` for one frozen part on one device."""

    def __init__(
        self, frozen: FrozenPart, reader: ViewReader, store: ArrayStore, device: torch.device
    ) -> None:
        self.frozen = frozen.to(device)
        self.reader = reader
        self.store = store
        self.device = device
        self.precision = forward_precision(device)
        self._key = hash_of("activations", frozen.digest(), str(self.precision))

    def make(self, glitches: Sequence[GlitchPictures]) -> Inputs:
        """Read, decode and run the frozen part where the store has nothing; unreadable: skipped."""
        arrays: dict[int, npt.NDArray[np.generic]] = {}
        contents: dict[int, str] = {}
        skipped: list[Skipped] = []
        waiting: list[_Piece] = []
        minibatch = CUDA_MINIBATCH if self.device.type == "cuda" else CPU_MINIBATCH
        for piece in read_ahead(self._read, list(enumerate(glitches))):
            if isinstance(piece, Skipped):
                skipped.append(piece)
                continue
            contents[piece.index] = piece.content
            if piece.array is not None:
                arrays[piece.index] = piece.array
                continue
            waiting.append(piece)
            if len(waiting) * VARIANTS >= minibatch:
                arrays.update(self._compute(waiting))
                waiting = []
        if waiting:
            arrays.update(self._compute(waiting))
        kept = sorted(arrays)
        return Inputs(
            [arrays[index] for index in kept], kept, [contents[index] for index in kept], skipped
        )

    def to_tensor(self, arrays: Sequence[npt.NDArray[np.generic]]) -> Tensor:
        """One variant of each of n glitches (a row of ``Inputs.arrays``) -> float32 (n, ...)."""
        stacked = torch.from_numpy(np.stack(arrays)).to(self.device)
        if stacked.dtype == torch.uint8:
            with torch.no_grad():
                return self.frozen(stacked.float() / 255)
        x = (stacked.view(torch.bfloat16) if stacked.dtype == torch.uint16 else stacked).float()
        return x.contiguous(memory_format=torch.channels_last) if x.ndim == 4 else x

    def _read(self, job: tuple[int, GlitchPictures]) -> _Piece | Skipped:
        index, pictures = job
        try:
            files = self.reader.read_bytes(pictures)
            content = self.reader.content_of(files)
            if not self.frozen.is_empty:
                array = self.store.get(self._entry(content))
                if array is not None and array.shape[0] == VARIANTS:
                    return _Piece(index, content, array, None)
            views = self.reader.views(files, content)
        except MLError as error:
            return Skipped(pictures.glitch_id, error.code, str(error))
        if self.frozen.is_empty:
            return _Piece(index, content, views.variants, None)
        return _Piece(index, content, None, views)

    def _entry(self, content: str) -> str:
        return hash_of(self._key, content)

    def _compute(self, pieces: Sequence[_Piece]) -> dict[int, npt.NDArray[np.generic]]:
        stacked = np.concatenate([piece.views.variants for piece in pieces if piece.views])
        x = torch.from_numpy(stacked).to(self.device).float() / 255  # (2 n, d, size, size)
        x = x.contiguous(memory_format=torch.channels_last)
        with torch.inference_mode(), autocast(self.device, self.precision):
            y = self.frozen(x).to(self.precision).cpu().contiguous()
        bits = y.view(torch.uint16) if y.dtype == torch.bfloat16 else y
        found = {}
        for piece, array in zip(
            pieces, bits.numpy().reshape(-1, VARIANTS, *y.shape[1:]), strict=True
        ):
            self.store.put(self._entry(piece.content), array)
            found[piece.index] = array.copy()
        return found


def read_views(
    reader: ViewReader, glitches: Sequence[GlitchPictures]
) -> Iterator[GlitchViews | Skipped]:
    """Each glitch's views in order, read ahead by a few threads; unreadable: :class:`Skipped`."""

    def read(pictures: GlitchPictures) -> GlitchViews | Skipped:
        try:
            files = reader.read_bytes(pictures)
            return reader.views(files, reader.content_of(files))
        except MLError as error:
            return Skipped(pictures.glitch_id, error.code, str(error))

    return read_ahead(read, glitches)
