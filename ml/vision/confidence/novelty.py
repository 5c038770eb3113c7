"""Does a glitch look like what it is called? NumPy.

Measured is the distance to the nearest training glitches of the class that the network names (Sun
et al. 2022, "Out-of-distribution detection with deep nearest neighbors"), in units of the distance
that the class's own glitches keep from each other. Compared are coarse pictures, not the network's
features: those are a mean over the picture, in which a line at 70 Hz is a line at 60 Hz, and a
network that is tuned bends them towards the classes that it knows. So the measure is the same for
every network, and needs no glitch that the network has not learned from.

What was compared, and on which classes it was chosen: docs/judging.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating]
Sketches = npt.NDArray[np.uint8]
ROWS, COLUMNS = 28, 7  # of a sketch: frequency tells classes apart, the moment hardly does
NEIGHBOURS = 3
SAME = 1 - 5e-6  # cosine from which two sketches are one, to the digits of float32
REMEMBERED = 1000  # of a class: 16 MB of a file for 27 classes of three durations
KNOWN_SHARE = 0.95
# A class's own spread counts as much as that of all classes together once it has so many glitches.
OWN_SPREAD_FROM = 20
# Where doubt begins, and how much further out it is complete. Chosen with each of 20 simulated
# classes held out in turn, over three splits: unseen glitches at .97 or more fall from 17 to 3 %,
# known ones stay at 43 %, at a log loss of .452 for .446 and a calibration error of .052 for .060.
DOUBT_FROM, DOUBT_WIDTH = 0.88, 1.0


def sketch_of(views: Sketches) -> Sketches:
    """(d, h, w) energies, h and w 28 or more -> (d, 28, 7): the loudest point of each cell."""
    for axis, cells in ((1, ROWS), (2, COLUMNS)):
        starts = np.arange(cells) * views.shape[axis] // cells
        views = np.maximum.reduceat(views, starts, axis=axis)
    return views


@dataclass(frozen=True)
class NoveltyMeasure:
    """``sketches`` (m, d * 196) of training glitches with their classes ``columns`` (m,).

    ``scale`` (C,): the distance that 95 % of the glitches of each class keep from the others of it.
    A duration of which a glitch has no picture is dark, and not compared.
    """

    sketches: Sketches
    columns: npt.NDArray[np.int64]
    scale: npt.NDArray[np.float32]

    @classmethod
    def fit(
        cls, sketches: Sketches, columns: npt.NDArray[np.integer], classes: int
    ) -> NoveltyMeasure:
        """From training glitches' ``sketches`` (n, d, 28, 7) and true classes ``columns`` (n,).

        Every class needs an example; of a large one some are remembered, evenly spaced.
        """
        rows = [np.flatnonzero(columns == label) for label in range(classes)]
        kept = np.concatenate([_evenly(mine) for mine in rows])
        flat, kept_columns = sketches[kept].reshape(len(kept), -1), np.asarray(columns[kept])
        scale = _scales(_own_distances(_by_duration(flat), kept_columns), kept_columns, classes)
        return cls(flat, kept_columns.astype(np.int64), scale)

    def measure(self, sketches: Sketches, said: npt.NDArray[np.integer]) -> npt.NDArray[np.float32]:
        """(n, d, 28, 7) and the classes named (n,) -> (n,) from 0.

        1 where the outermost 5 % of the class's own glitches begin, were they shown by the same
        durations. A glitch that the class was learned from is not compared with itself.
        """
        novelty = np.zeros(len(sketches), np.float32)
        asked_for = _by_duration(sketches.reshape(len(sketches), -1))
        for label in np.unique(said):
            asked, known = said == label, self.columns == label
            novelty[asked] = _distances(asked_for[asked], self._known[known])
        shown = _shown(asked_for)
        for durations in np.unique(shown, axis=0):
            alike = (shown == durations).all(axis=1)
            novelty[alike] /= self._scale_of(tuple(durations.tolist()))[said[alike]]
        return novelty

    @cached_property
    def _known(self) -> npt.NDArray[np.float32]:
        return _by_duration(self.sketches)

    def _scale_of(self, durations: tuple[bool, ...]) -> npt.NDArray[np.float32]:
        """(C,) as :attr:`scale`, of glitches that only these durations show.

        Each is fitted once, when the first such glitch comes: a second for 22 classes of 1,000.
        """
        if all(durations) or not any(durations):
            return self.scale
        if durations not in self._scales_of_some:
            cut = self._known * np.array(durations)[:, None]
            own = _own_distances(cut, self.columns)
            self._scales_of_some[durations] = _scales(own, self.columns, len(self.scale))
        return self._scales_of_some[durations]

    @cached_property
    def _scales_of_some(self) -> dict[tuple[bool, ...], npt.NDArray[np.float32]]:
        return {}

    def to_arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        """As arrays, fit for a file."""
        return asdict(self)

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[np.generic]]) -> NoveltyMeasure:
        """From :meth:`to_arrays`."""
        return cls(
            np.asarray(arrays["sketches"], np.uint8),
            np.asarray(arrays["columns"], np.int64),
            np.asarray(arrays["scale"], np.float32),
        )


def _evenly(rows: npt.NDArray[np.integer]) -> npt.NDArray[np.integer]:
    """At most REMEMBERED of them, from the first to the last."""
    if len(rows) <= REMEMBERED:
        return rows
    return rows[np.linspace(0, len(rows) - 1, REMEMBERED).astype(int)]


def _by_duration(flat: Sketches) -> npt.NDArray[np.float32]:
    """(n, d * 196) -> (n, d, 196)."""
    return flat.reshape(len(flat), -1, ROWS * COLUMNS).astype(np.float32)


def _shown(sketches: Floats) -> npt.NDArray[np.bool_]:
    """(n, d, 196) -> (n, d): of which durations there are pictures."""
    return np.asarray(sketches.any(axis=2))


def _likeness(some: Floats, others: Floats) -> npt.NDArray[np.float32]:
    """(n, d, 196) and (m, d, 196) -> (n, m) cosines over the durations that both have.

    So how loud a glitch is does not make it another.
    """
    shared = some.reshape(len(some), -1) @ others.reshape(len(others), -1).T
    squares = [(sketches**2).sum(axis=2) for sketches in (some, others)]
    lengths = (squares[0] @ _shown(others).T) * (_shown(some) @ squares[1].T)
    return np.asarray(shared / np.sqrt(np.maximum(lengths, 1e-6)))


def _distances(asked: Floats, known: Floats) -> Floats:
    """(n, d, 196) and (m, d, 196) -> (n,): root mean square over the nearest, oneself left out.

    Where there are few, over as many as one of their own has.
    """
    nearest = max(1, min(NEIGHBOURS, len(known) - 1))
    best = -np.sort(-_likeness(asked, known), axis=1)[:, : nearest + 1]
    if len(known) > 1:
        best = np.where(best[:, :1] > SAME, best[:, 1:], best[:, :-1])  # (n, nearest)
    return np.asarray(np.sqrt(np.maximum(2 - 2 * best, 0.0).mean(axis=1)))


def _own_distances(sketches: Floats, columns: npt.NDArray[np.integer]) -> npt.NDArray[np.float64]:
    """(m, d, 196) -> (m,) to one's own class; NaN where it has no other, or oneself is dark."""
    own = np.full(len(sketches), np.nan)
    shown = _shown(sketches).any(axis=1)
    for label in np.unique(columns):
        mine = (columns == label) & shown
        if mine.sum() > 1:
            own[mine] = _distances(sketches[mine], sketches[mine])
    return own


def _scales(
    own: npt.NDArray[np.float64], columns: npt.NDArray[np.integer], classes: int
) -> npt.NDArray[np.float32]:
    """(C,) the distance that 95 % of each class keep, drawn to that of all where it has few."""
    measured = np.isfinite(own)
    if not measured.any():
        return np.ones(classes, np.float32)
    of_all = np.quantile(own[measured], KNOWN_SHARE)
    scales = np.full(classes, of_all)
    for label in range(classes):
        mine = own[measured & (columns == label)]
        if len(mine):
            weight = len(mine) / (len(mine) + OWN_SPREAD_FROM)
            scales[label] = weight * np.quantile(mine, KNOWN_SHARE) + (1 - weight) * of_all
    return np.maximum(scales, 1e-6).astype(np.float32)


def spread_doubt(probabilities: Floats, novelty: Floats) -> npt.NDArray[np.float64]:
    """(n, C) probabilities, made even to the degree that ``novelty`` (n,) speaks of another class.

    A network must name one of its classes, and does so with confidence also for what it never saw.
    The most probable class stays the most probable one.
    """
    doubt = np.clip((novelty - DOUBT_FROM) / DOUBT_WIDTH, 0.0, 0.99)[:, None]  # (n, 1)
    return np.asarray((1 - doubt) * probabilities + doubt / probabilities.shape[1])
