"""What the frozen part makes of each glitch, computed once and kept on disk.

The frozen part is the same for every epoch, every training and every model version that shares the
backbone and the boundary. Its output is stored by (weights, precision, content of the pictures), so
that re-training and re-scoring only run the last blocks.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ml.vision.confidence.novelty import Sketches
from ml.vision.devices import autocast, forward_precision, pick_device
from ml.vision.inputs.augment import LOUDNESS_AND_SHIFT
from ml.vision.inputs.dataset import GlitchPictures, Skipped
from ml.vision.inputs.pieces import Piece, PieceReader, Read, ViewsOnly
from ml.vision.inputs.pipeline import CPU_MINIBATCH, CUDA_MINIBATCH, open_pipeline
from ml.vision.inputs.readers import open_readers, read_ahead
from ml.vision.inputs.views import Energy, GlitchViews, ViewReader
from ml.vision.memory import with_less_memory
from ml.vision.networks.network import FrozenPart, GlitchNetwork
from ml.vision.recipes.settings import TrainingSettings
from ml.vision.storage.spool import Spool
from ml.vision.storage.store import ArrayStore, hash_of
from ml.wanted import check_wanted, tell

Keep = Callable[[npt.NDArray[np.generic]], npt.NDArray[np.generic]]


@dataclass(frozen=True)
class Inputs:
    """Inputs of the trainable tail for the glitches that could be read.

    ``arrays[i]``: (2 + copies, ...), the variants FULL and LONGEST_ONLY (or FULL alone) of glitch
    ``kept[i]`` (an index into what was asked for), then its changed copies: uint16 holding
    bfloat16, or float32 activations; where nothing is frozen uint8 views, without copies, since
    those are better drawn anew each time. Arrays of :meth:`InputMaker.make` are mapped from disk
    and read-only. ``contents[i]``: hash of that glitch's pictures; ``sketches[i]`` (d, 28, 7): its
    coarse picture, see :mod:`ml.vision.confidence.novelty`.
    """

    arrays: list[npt.NDArray[np.generic]]
    kept: list[int]
    contents: list[str]
    sketches: list[Sketches]
    skipped: list[Skipped]

    @property
    def count(self) -> int:
        """Of all glitches, those that could not be read too."""
        return len(self.kept) + len(self.skipped)

    def extend(self, more: Inputs, keep: Keep) -> None:
        """Take in ``more``; ``keep``: what to do with each array, so that not all are in memory."""
        self.arrays.extend(keep(array) for array in more.arrays)
        self.kept.extend(more.kept)
        self.contents.extend(more.contents)
        self.sketches.extend(more.sketches)
        self.skipped.extend(more.skipped)


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
        key = hash_of("activations", frozen.digest(), str(self.precision))
        self.read = PieceReader(reader, "" if frozen.is_empty else key, full_only=full_only)
        if copies and not frozen.is_empty:  # readers without any are equal, whatever else differs
            self.read = replace(
                self.read, copies=copies, drop_durations=drop_durations, augmentation=augmentation
            )

    def make(self, glitches: Sequence[GlitchPictures]) -> Inputs:
        """Read, decode and run the frozen part where the store has nothing; unreadable: skipped."""
        found = Inputs([], [], [], [], [])
        ahead: deque[Future[Inputs]] = deque()
        with Spool(self.store.folder) as spool, open_pipeline(self.device, len(glitches)) as line:
            for start in range(0, len(glitches), line.part):
                check_wanted()
                part = glitches[start : start + line.part]
                ahead.extend(line.submit(self.read, part, self.make_from, first=start))
                if len(ahead) > line.ahead:
                    found.extend(ahead.popleft().result(), spool.keep)
                    tell("read", found.count, len(glitches))
            while ahead:
                check_wanted()
                found.extend(ahead.popleft().result(), spool.keep)
                tell("read", found.count, len(glitches))
        return found

    def make_from(self, pieces: Sequence[Read]) -> Inputs:
        """The same from what :attr:`read` gave, in the order of the glitches; all in memory."""
        found = [piece for piece in pieces if isinstance(piece, Piece)]
        arrays = {piece.index: piece.whole() for piece in found}
        arrays |= self._compute([piece for piece in found if arrays[piece.index] is None])
        return Inputs(
            [array for array in arrays.values() if array is not None],
            list(arrays),
            [piece.content for piece in found],
            [piece.sketch for piece in found],
            [piece for piece in pieces if isinstance(piece, Skipped)],
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

    def _compute(self, pieces: Sequence[Piece]) -> dict[int, npt.NDArray[np.generic]]:
        """Run the frozen part on what is missing of ``pieces``, store it, and join the parts."""
        if not pieces:
            return {}
        computed = self._run([view for piece in pieces for view in piece.missing()])
        found, start = {}, 0
        for piece in pieces:
            parts = []
            for key, cached, views in (
                (self.read.key, piece.variants, piece.views),
                (self.read.copies_key, piece.copies, piece.copy_views),
            ):
                if views is not None:
                    cached = computed[start : start + len(views)].copy()
                    start += len(views)
                    self.store.put(hash_of(key, piece.content), cached)
                if cached is not None:
                    parts.append(cached)
            found[piece.index] = np.concatenate(parts)
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


def make_inputs_for(
    network: GlitchNetwork,
    settings: TrainingSettings,
    cache: Path,
    device: str,
    *,
    for_training: bool = False,
    full_only: bool = False,
) -> InputMaker:
    """The maker of a network's inputs, with changed copies of each only ``for_training``.

    ``full_only``: the variant FULL alone, which is all that a prediction needs.
    """
    store = ArrayStore(cache)
    reader = ViewReader(settings.durations, settings.size, store)
    copies = settings.copies if for_training else 0
    where = pick_device(device)
    return InputMaker(
        network.frozen,
        reader,
        store,
        where,
        copies,
        settings.drop_durations,
        settings.augmentation,
        full_only=full_only,
    )


def read_views(
    reader: ViewReader, glitches: Sequence[GlitchPictures]
) -> Iterator[GlitchViews | Skipped]:
    """Each glitch's views in order, read ahead; unreadable: :class:`Skipped`."""
    with open_readers(len(glitches)) as readers:
        found = read_ahead(readers, ViewsOnly(reader), glitches)
        for count, views in enumerate(found, start=1):
            tell("read", count, len(glitches))
            yield views
