"""The durations of one glitch as the channels of one small image.

George, Shen and Huerta (2017) put the 1.0, 2.0 and 4.0 s pictures into the red, green and blue
channel of one image. Not every glitch has all of them: since every picture is centred on the
event and the colour scale is fixed, the middle half of a longer picture is the picture of half
its duration, only coarser in time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from ml.pictures import PictureError, read_energy
from ml.vision.errors import NoUsableDuration
from ml.vision.inputs.dataset import GlitchPictures
from ml.vision.storage.store import ArrayStore, hash_of

Energy = npt.NDArray[np.uint8]
LAYOUT = 3  # raise it when the views of the same pictures come out otherwise

FULL, LONGEST_ONLY = 0, 1  # the two variants of a glitch's views
VARIANTS = 2


def central_part(energy: Energy, fraction: float) -> Energy:
    """The middle ``fraction`` (0 to 1] of the columns of (h, w): the same event, less time."""
    width = energy.shape[1]
    kept = max(1, round(width * fraction))
    start = (width - kept) // 2
    return energy[:, start : start + kept]


def reduce_energy(energy: Energy, size: int) -> Energy:
    """(h, w) -> (size, size); of the columns that become one, the loudest counts.

    A short glitch in a 4.0 s picture is a line of a few columns; averaging would drown it, and with
    it what tells Repeating_Blips from a Blip.
    """
    merged = max(1, -(-energy.shape[1] // size))  # columns that become one
    image = Image.fromarray(np.ascontiguousarray(energy))
    fine = np.asarray(image.resize((size * merged, size), Image.Resampling.BILINEAR))
    # Column by column: the maximum over a last axis of three takes ten times as long.
    return np.maximum.reduce([fine[:, start::merged] for start in range(merged)])


def source_of(duration: float, available: Sequence[float]) -> float | None:
    """The picture that shows ``duration`` best: its own, else the next longer one, else none."""
    return min((other for other in available if other >= duration), default=None)


def reduce_views(energies: Mapping[float, Energy], durations: Sequence[float], size: int) -> Energy:
    """uint8 (len(durations), size, size); channels without a source are zeros."""
    views = np.zeros((len(durations), size, size), np.uint8)
    for channel, duration in enumerate(durations):
        source = source_of(duration, list(energies))
        if source is not None:
            views[channel] = reduce_energy(central_part(energies[source], duration / source), size)
    return views


@dataclass(frozen=True)
class Picture:
    """One file's bytes, and what comes of them as soon as it is asked for."""

    data: bytes

    @cached_property
    def digest(self) -> str:
        """Hex SHA-256."""
        return hashlib.sha256(self.data).hexdigest()

    @cached_property
    def energy(self) -> Energy:
        """uint8 (h, w); raises PictureError for a corrupt picture."""
        return read_energy(self.data)


class PictureFiles:
    """One glitch's files: each is read and decoded once, however many readers ask for it.

    ``views``: what they were reduced to, by content.
    """

    def __init__(self, pictures: GlitchPictures) -> None:
        self.pictures = pictures
        self.views: dict[str, Energy] = {}
        self._read: dict[float, Picture] = {}

    def __getitem__(self, duration: float) -> Picture:
        """Raises PictureError where there is no such file."""
        if duration not in self._read:
            self._read[duration] = Picture(_read(self.pictures.paths[duration]))
        return self._read[duration]


@dataclass(frozen=True)
class GlitchViews:
    """uint8 (2, d, size, size): as the pictures are, and as if only the longest were there.

    ``content`` is a hash of the pictures' bytes: equal pictures have equal views.
    """

    content: str
    variants: Energy


@dataclass(frozen=True)
class ViewReader:
    """Reads glitches' views of the given durations and size, through a cache on disk."""

    durations: tuple[float, ...]
    size: int
    store: ArrayStore

    def needed(self, pictures: GlitchPictures) -> list[float]:
        """Of which files are to be read; raises NoUsableDuration if none serves any duration."""
        available = list(pictures.paths)
        found = [source_of(duration, available) for duration in self.durations]
        sources = {source for source in found if source is not None}
        if not sources:
            raise NoUsableDuration(
                f"Glitch {pictures.glitch_id} has pictures of {sorted(available)} s; none serves "
                f"the durations {list(self.durations)} s.",
                glitch_id=pictures.glitch_id,
            )
        return sorted({*sources, max(available)})

    def content_of(self, files: PictureFiles) -> str:
        """Hash of the needed files' bytes, the durations and the size: what the views depend on.

        Raises PictureError, NoUsableDuration.
        """
        digests = [(key, files[key].digest) for key in self.needed(files.pictures)]
        return hash_of("views", LAYOUT, self.durations, self.size, digests)

    def views(self, files: PictureFiles, content: str, *, full_only: bool = False) -> GlitchViews:
        """Decode, or take from the cache; raises PictureError for a corrupt picture.

        ``full_only``: the first variant alone will do, uint8 (1, d, size, size).
        """
        enough = 1 if full_only else VARIANTS
        known = files.views.get(content)
        variants = self.store.get(content, first=enough) if known is None else known
        if variants is None or len(variants) < enough:
            variants = self._decode(files, full_only)
            self.store.put(content, variants)
        files.views[content] = variants.astype(np.uint8, copy=False)
        return GlitchViews(content, files.views[content])

    def _decode(self, files: PictureFiles, full_only: bool) -> Energy:
        needed = self.needed(files.pictures)
        # The longest picture may be there for the other variant alone.
        shown = {source_of(duration, needed) for duration in self.durations}
        asked = [key for key in needed if key in shown or not full_only]
        energies = {key: files[key].energy for key in asked}
        full = reduce_views(energies, self.durations, self.size)
        if full_only:
            return full[None]
        if len(energies) == 1:
            return np.stack([full, full])
        longest = max(energies)
        only = reduce_views({longest: energies[longest]}, self.durations, self.size)
        return np.stack([full, only])


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise PictureError(
            f"The file {path} cannot be read ({error.strerror}); restore it.",
            code="unreadable_picture",
        ) from error
