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
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from ml.pictures import PictureError, read_energy
from ml.vision.dataset import GlitchPictures
from ml.vision.errors import NoUsableDuration
from ml.vision.store import ArrayStore, hash_of

Energy = npt.NDArray[np.uint8]
LAYOUT = 2  # raise it when the views of the same pictures come out otherwise

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


def stack_views(
    energies: Mapping[float, Energy], durations: Sequence[float], size: int
) -> npt.NDArray[np.float32]:
    """Energies (h, w) by duration -> float32 (len(durations), size, size), within 0 to 1."""
    return reduce_views(energies, durations, size).astype(np.float32) / np.float32(255)


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

    def needed(self, pictures: GlitchPictures) -> dict[float, Path]:
        """The files to be read; raises NoUsableDuration if none serves any duration."""
        available = list(pictures.paths)
        found = [source_of(duration, available) for duration in self.durations]
        sources = {source for source in found if source is not None}
        if not sources:
            raise NoUsableDuration(
                f"Glitch {pictures.glitch_id} has pictures of {sorted(available)} s; none serves "
                f"the durations {list(self.durations)} s.",
                glitch_id=pictures.glitch_id,
            )
        return {key: pictures.paths[key] for key in sorted({*sources, max(available)})}

    def read_bytes(self, pictures: GlitchPictures) -> dict[float, bytes]:
        """The needed files' bytes; raises PictureError, NoUsableDuration."""
        return {key: _read(path) for key, path in self.needed(pictures).items()}

    def content_of(self, files: Mapping[float, bytes]) -> str:
        """Hash of the bytes, the durations and the size: what the views depend on."""
        digests = [(key, hashlib.sha256(data).hexdigest()) for key, data in sorted(files.items())]
        return hash_of("views", LAYOUT, self.durations, self.size, digests)

    def views(
        self, files: Mapping[float, bytes], content: str, *, full_only: bool = False
    ) -> GlitchViews:
        """Decode, or take from the cache; raises PictureError for a corrupt picture.

        ``full_only``: the first variant alone will do, uint8 (1, d, size, size).
        """
        enough = 1 if full_only else VARIANTS
        variants = self.store.get(content, first=enough)
        if variants is None or len(variants) < enough:
            variants = self._decode(files, full_only)
            self.store.put(content, variants)
        return GlitchViews(content, variants.astype(np.uint8, copy=False))

    def _decode(self, files: Mapping[float, bytes], full_only: bool) -> Energy:
        asked = set(files)
        if full_only:  # the longest picture may be there for the other variant alone
            asked = {source for each in self.durations if (source := source_of(each, [*files]))}
        energies = {key: read_energy(data) for key, data in files.items() if key in asked}
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
