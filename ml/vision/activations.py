"""What the frozen part makes of each glitch, computed once and kept on disk.

The frozen part is the same for every epoch, every training and every model version that shares the
backbone and the boundary. Its output is stored by (weights, precision, content of the pictures), so
that re-training and re-scoring only run the last blocks.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ml.errors import MLError
from ml.vision.augment import LOUDNESS_AND_SHIFT, copies_of
from ml.vision.dataset import GlitchPictures, Skipped
from ml.vision.devices import autocast, forward_precision, reader_count
from ml.vision.memory import with_less_memory
from ml.vision.network import FrozenPart
from ml.vision.spool import Spool
from ml.vision.store import ArrayStore, hash_of
from ml.vision.views import VARIANTS, Energy, GlitchViews, ViewReader
from ml.wanted import check_wanted

# Larger minibatches of full-size layers fall out of the processor's cache and cost twice the time.
CPU_MINIBATCH, CUDA_MINIBATCH = 8, 128
AUGMENTATION = 1  # raise it when copies come out otherwise


@dataclass(frozen=True)
class Inputs:
    """Inputs of the trainable tail for the glitches that could be read.

    ``arrays[i]``: (2 + copies, ...), the variants FULL and LONGEST_ONLY (or FULL alone) of glitch
    ``kept[i]`` (an index into what was asked for), then its changed copies: uint16 holding
    bfloat16, or float32 activations; where nothing is frozen uint8 views, without copies, since
    those are better drawn anew each time. Arrays of :meth:`InputMaker.make` are mapped from disk
    and read-only. ``contents[i]``: hash of that glitch's pictures.
    """

    arrays: list[npt.NDArray[np.generic]]
    kept: list[int]
    contents: list[str]
    skipped: list[Skipped]


@dataclass(frozen=True)
class Piece:
    """One glitch on its way: what the cache had of it, and the views of what it had not."""

    index: int
    content: str
    variants: npt.NDArray[np.generic] | None
    copies: npt.NDArray[np.generic] | None
    views: Energy | None = None
    copy_views: Energy | None = None

    def missing(self) -> list[Energy]:
        """Views (d, size, size) that the frozen part has yet to see, variants first."""
        return [view for part in (self.views, self.copy_views) if part is not None for view in part]

    def whole(self) -> npt.NDArray[np.generic] | None:
        """(2 + copies, ...) if the cache had all."""
        if self.missing() or self.variants is None:
            return None
        if self.copies is None:
            return self.variants
        return np.concatenate([self.variants, self.copies])


Keep = Callable[[npt.NDArray[np.generic]], npt.NDArray[np.generic]]
Job = TypeVar("Job")
Done = TypeVar("Done")


def read_ahead(read: Callable[[Job], Done], jobs: Sequence[Job]) -> Iterator[Done]:
    """``read`` of each job in order, by a few threads, never more ahead than a bounded number.

    Every loop over glitches or minibatches goes through here, so here is asked whether the work is
    still wanted (:mod:`ml.wanted`).
    """
    count = reader_count()
    with ThreadPoolExecutor(count) as readers:
        left = iter(jobs)
        ahead = deque(readers.submit(read, job) for job in islice(left, 8 * count))
        while ahead:
            check_wanted()
            done = ahead.popleft()
            ahead.extend(readers.submit(read, job) for job in islice(left, 1))
            yield done.result()


def in_memory(array: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
    return array


class InputMaker:
    """Makes :class:`Inputs` for one frozen part on one device."""

    def __init__(
        self,
        frozen: FrozenPart,
        reader: ViewReader,
        store: ArrayStore,
        device: torch.device,
        copies: int = 0,
        drop_durations: float = 0.0,
        augmentation: str = LOUDNESS_AND_SHIFT,
        *,
        full_only: bool = False,
    ) -> None:
        self.frozen = frozen.to(device)
        self.reader = reader
        self.store = store
        self.device = device
        self.precision = forward_precision(device)
        self.copies = 0 if frozen.is_empty else copies
        self.drop_durations = drop_durations
        self.augmentation = augmentation
        self.full_only = full_only
        self._key = hash_of("activations", frozen.digest(), str(self.precision))
        kind = () if augmentation == LOUDNESS_AND_SHIFT else (augmentation,)
        self._copies_key = hash_of(self._key, AUGMENTATION, self.copies, drop_durations, *kind)

    def make(self, glitches: Sequence[GlitchPictures]) -> Inputs:
        """Read, decode and run the frozen part where the store has nothing; unreadable: skipped."""
        with Spool(self.store.folder) as spool:
            return self.make_from(read_ahead(self.read, list(enumerate(glitches))), spool.keep)

    def make_from(self, pieces: Iterable[Piece | Skipped], keep: Keep = in_memory) -> Inputs:
        """The same from what :meth:`read` gave, in the order of the glitches.

        ``keep``: what to do with each array, so that not all are in memory.
        """
        arrays: dict[int, npt.NDArray[np.generic]] = {}
        contents: dict[int, str] = {}
        skipped: list[Skipped] = []
        waiting: list[Piece] = []
        minibatch = CUDA_MINIBATCH if self.device.type == "cuda" else CPU_MINIBATCH
        for piece in pieces:
            if isinstance(piece, Skipped):
                skipped.append(piece)
                continue
            contents[piece.index] = piece.content
            whole = piece.whole()
            if whole is not None:
                arrays[piece.index] = keep(whole)
                continue
            waiting.append(piece)
            if sum(len(each.missing()) for each in waiting) >= minibatch:
                arrays.update(self._compute(waiting, keep))
                waiting = []
        if waiting:
            arrays.update(self._compute(waiting, keep))
        kept = sorted(arrays)
        return Inputs(
            [arrays[index] for index in kept], kept, [contents[index] for index in kept], skipped
        )

    def stack(self, arrays: Sequence[npt.NDArray[np.generic]]) -> Tensor:
        """n arrays as one on the CPU; pinned where a device fetches them beside its own work."""
        stacked = torch.from_numpy(np.stack(arrays))
        return stacked.pin_memory() if self.device.type == "cuda" else stacked

    def to_tensor(self, arrays: Sequence[npt.NDArray[np.generic]]) -> Tensor:
        """One variant of each of n glitches (a row of ``Inputs.arrays``) -> float32 (n, ...)."""
        return self.on_device(self.stack(arrays))

    def on_device(self, stacked: Tensor) -> Tensor:
        """What :meth:`stack` gave -> float32 (n, ...) where the network computes."""
        stacked = stacked.to(self.device, non_blocking=True)
        if stacked.dtype == torch.uint8:
            with torch.no_grad():
                return self.frozen(stacked.float() / 255)
        x = (stacked.view(torch.bfloat16) if stacked.dtype == torch.uint16 else stacked).float()
        return x.contiguous(memory_format=torch.channels_last) if x.ndim == 4 else x

    def read(self, job: tuple[int, GlitchPictures]) -> Piece | Skipped:
        """Read and decode one glitch, named by its place; any thread may do it."""
        index, pictures = job
        try:
            files = self.reader.read_bytes(pictures)
            content = self.reader.content_of(files)
            variants, copies = self._cached(content)
            if variants is not None and (copies is not None or not self.copies):
                return Piece(index, content, variants, copies)
            views = self.reader.views(files, content, full_only=self.full_only).variants
        except MLError as error:
            return Skipped(pictures.glitch_id, error.code, str(error))
        if self.frozen.is_empty:
            return Piece(index, content, views, None)
        changed = (
            copies_of(views, content, self.copies, self.drop_durations, self.augmentation)
            if self.copies and copies is None
            else None
        )
        return Piece(index, content, variants, copies, views if variants is None else None, changed)

    def _cached(
        self, content: str
    ) -> tuple[npt.NDArray[np.generic] | None, npt.NDArray[np.generic] | None]:
        if self.frozen.is_empty:
            return None, None
        wanted = 1 if self.full_only else VARIANTS
        variants = self.store.get(hash_of(self._key, content), first=wanted)
        if variants is not None and len(variants) < wanted:
            variants = None
        copies = self.store.get(hash_of(self._copies_key, content)) if self.copies else None
        return variants, copies

    def _compute(self, pieces: Sequence[Piece], keep: Keep) -> dict[int, npt.NDArray[np.generic]]:
        """Run the frozen part on what is missing of ``pieces``, store it, and join the parts."""
        computed = self._run([view for piece in pieces for view in piece.missing()])
        found, start = {}, 0
        for piece in pieces:
            parts = []
            for key, cached, views in (
                (self._key, piece.variants, piece.views),
                (self._copies_key, piece.copies, piece.copy_views),
            ):
                if views is not None:
                    cached = computed[start : start + len(views)].copy()
                    start += len(views)
                    self.store.put(hash_of(key, piece.content), cached)
                if cached is not None:
                    parts.append(cached)
            found[piece.index] = keep(np.concatenate(parts))
        return found

    def _run(self, views: Sequence[Energy]) -> npt.NDArray[np.generic]:
        """uint8 (d, size, size) each -> (n, ...) as it is stored; minibatches of a fitting size."""
        size = CUDA_MINIBATCH if self.device.type == "cuda" else CPU_MINIBATCH
        return with_less_memory(lambda parts: self._run_by(views, max(1, size // parts)))

    def _run_by(self, views: Sequence[Energy], size: int) -> npt.NDArray[np.generic]:
        outputs = []
        for start in range(0, len(views), size):
            x = torch.from_numpy(np.stack(views[start : start + size])).to(self.device)
            x = (x.float() / 255).contiguous(memory_format=torch.channels_last)
            with torch.inference_mode(), autocast(self.device, self.precision):
                y = self.frozen(x).to(self.precision).cpu().contiguous()
            outputs.append((y.view(torch.uint16) if y.dtype == torch.bfloat16 else y).numpy())
        return np.concatenate(outputs)


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
