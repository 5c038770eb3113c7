"""One glitch on its way from its files to the network.

No torch here: this is what the processes that only read load (:mod:`ml.vision.inputs.readers`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ml.errors import MLError
from ml.vision.confidence.novelty import Sketches, sketch_of
from ml.vision.inputs.augment import LOUDNESS_AND_SHIFT, copies_of
from ml.vision.inputs.dataset import GlitchPictures, Skipped
from ml.vision.inputs.views import FULL, VARIANTS, Energy, GlitchViews, PictureFiles, ViewReader
from ml.vision.storage.store import hash_of

AUGMENTATION = 1  # raise it when copies come out otherwise
SKETCH = 1  # raise it when sketches do

Job = tuple[int, GlitchPictures]


@dataclass(frozen=True)
class Piece:
    """What the cache had of a glitch, and the views of what it had not.

    ``sketch`` (d, 28, 7): the coarse picture by which novelty is measured.
    """

    index: int
    content: str
    sketch: Sketches
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


@dataclass(frozen=True)
class PieceReader:
    """Reads and decodes glitches; small and plain, so that it can be sent to other processes.

    ``key`` names the frozen part in the cache, "" where nothing is frozen. ``copies`` changed
    copies belong to each glitch, by ``augmentation`` and ``drop_durations``. ``full_only``: the
    variant FULL alone, which is all that a prediction needs.
    """

    reader: ViewReader
    key: str
    copies: int = 0
    drop_durations: float = 0.0
    augmentation: str = LOUDNESS_AND_SHIFT
    full_only: bool = False

    @property
    def copies_key(self) -> str:
        kind = () if self.augmentation == LOUDNESS_AND_SHIFT else (self.augmentation,)
        return hash_of(self.key, AUGMENTATION, self.copies, self.drop_durations, *kind)

    def __call__(self, job: Job) -> Piece | Skipped:
        """One glitch, named by its place among those asked for."""
        index, pictures = job
        return self.read(index, PictureFiles(pictures))

    def read(self, index: int, files: PictureFiles) -> Piece | Skipped:
        """The same of files that others may read too."""
        try:
            content = self.reader.content_of(files)
            sketch, variants, copies = self._cached(content)
            all_copies = copies is not None or not self.copies
            if sketch is not None and variants is not None and all_copies:
                return Piece(index, content, sketch, variants, copies)
            views = self.reader.views(files, content, full_only=self.full_only).variants
        except MLError as error:
            return Skipped(files.pictures.glitch_id, error.code, str(error))
        if sketch is None:
            sketch = self._sketch(content, views)
        if not self.key:
            return Piece(index, content, sketch, views, None)
        changed = (
            copies_of(views, content, self.copies, self.drop_durations, self.augmentation)
            if self.copies and copies is None
            else None
        )
        missing = views if variants is None else None
        return Piece(index, content, sketch, variants, copies, missing, changed)

    def _cached(
        self, content: str
    ) -> tuple[Sketches | None, npt.NDArray[np.generic] | None, npt.NDArray[np.generic] | None]:
        if not self.key:
            return None, None, None
        store, wanted = self.reader.store, 1 if self.full_only else VARIANTS
        variants = store.get(hash_of(self.key, content), first=wanted)
        if variants is not None and len(variants) < wanted:
            variants = None
        copies = store.get(hash_of(self.copies_key, content)) if self.copies else None
        sketch = store.get(hash_of("sketch", SKETCH, content))
        return None if sketch is None else sketch.astype(np.uint8, copy=False), variants, copies

    def _sketch(self, content: str, views: Energy) -> Sketches:
        """Kept beside the activations, since those are found without looking at the views."""
        sketch = sketch_of(views[FULL])
        if self.key:
            self.reader.store.put(hash_of("sketch", SKETCH, content), sketch)
        return sketch


@dataclass(frozen=True)
class JointReader:
    """Reads each glitch once for several networks, of which ``readers`` has one for each.

    Equal readers are given the same piece, also where it comes from another process.
    """

    readers: tuple[PieceReader, ...]

    def __call__(self, job: Job) -> tuple[Piece | Skipped, ...]:
        """What each of the readers has of one glitch."""
        index, pictures = job
        files = PictureFiles(pictures)
        found = {reader: reader.read(index, files) for reader in dict.fromkeys(self.readers)}
        return tuple(found[reader] for reader in self.readers)


@dataclass(frozen=True)
class ViewsOnly:
    """Reads a glitch's views alone; unreadable: :class:`Skipped`. Can be sent to others too."""

    reader: ViewReader

    def __call__(self, pictures: GlitchPictures) -> GlitchViews | Skipped:
        files = PictureFiles(pictures)
        try:
            return self.reader.views(files, self.reader.content_of(files))
        except MLError as error:
            return Skipped(pictures.glitch_id, error.code, str(error))


Read = Piece | Skipped
Reads = Sequence[Read]
