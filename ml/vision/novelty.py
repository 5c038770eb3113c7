"""How far a glitch lies from every class the network knows. NumPy and scikit-learn.

The distance is Mahalanobis' to the nearest class mean, with one covariance for all classes (Lee et
al. 2018, "A simple unified framework for detecting out-of-distribution samples"), between the
square roots of the features: a square root takes the weight from the few strongest features, as in
the Hellinger distance. Of the covariance the few main directions are kept, in which members of one
class differ from each other; what lies outside of these counts as so many directions more. Measured
with classes held out it tells more of them apart than the cosine, the energy or the softmax
(docs/judging.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

import numpy as np
import numpy.typing as npt
from sklearn.utils.extmath import randomized_svd

Floats = npt.NDArray[np.floating]
KNOWN_SHARE = 0.95
DIRECTIONS = 48
RIDGE = 0.1  # of the mean variance, added to each: the least ones are known badly
FOLDS = 5
# A class's own spread counts as much as that of all classes together once it has so many glitches.
OWN_SPREAD_FROM = 20
# Where doubt begins, and how much further out it is complete. Measured with real classes held out:
# of the unseen glitches 22 % came out with a confidence of .97 or more without doubt, 6 % with it;
# of the known ones 91 % and 87 % (docs/judging.md).
DOUBT_FROM, DOUBT_WIDTH = 0.92, 0.5


def root_directions(features: Floats) -> npt.NDArray[np.float64]:
    """(n, D) -> (n, D) unit vectors of the signed square roots; a zero row stays zero."""
    roots = np.sign(features) * np.sqrt(np.abs(features)).astype(np.float64)
    return np.asarray(roots / np.maximum(np.linalg.norm(roots, axis=1, keepdims=True), 1e-12))


@dataclass(frozen=True)
class NoveltyMeasure:
    """``means`` (C, D) of the classes; ``scale`` (C,): the distance that 95 % of the glitches of
    each keep.

    ``axes`` (k, D): the main directions within the classes, with their variances ``spreads`` (k,);
    ``rest``: the mean squared distance of a glitch from its class mean. Without axes (files of
    older versions, or one example a class) the distance is 1 - cosine.
    """

    means: npt.NDArray[np.float32]
    scale: npt.NDArray[np.float32]
    axes: npt.NDArray[np.float32]
    spreads: npt.NDArray[np.float32]
    rest: float

    @classmethod
    def fit(
        cls, features: Floats, columns: npt.NDArray[np.integer], classes: int
    ) -> NoveltyMeasure:
        """From training glitches' ``features`` (n, D) and true classes ``columns`` (n,).

        ``scale`` is measured on glitches left out of the means and axes, a fifth of each class at a
        time. Every class needs an example.
        """
        directions = root_directions(features)
        fitted = cls._fit(directions, columns, classes)
        folds = _folds(columns, classes)
        own = np.full(len(columns), np.nan)  # (n,) to one's own class, oneself left out
        for fold in range(FOLDS):
            kept = folds != fold
            known = np.unique(columns[kept])
            held = np.flatnonzero(~kept & np.isin(columns, known))
            if len(held):
                part = cls._fit(directions[kept], np.searchsorted(known, columns[kept]), len(known))
                every = part._distances(directions[held])
                own[held] = every[np.arange(len(held)), np.searchsorted(known, columns[held])]
        return replace(fitted, scale=_scales(own, columns, classes))

    @classmethod
    def _fit(
        cls, directions: Floats, columns: npt.NDArray[np.integer], classes: int
    ) -> NoveltyMeasure:
        """Means and axes, with a scale of 1."""
        means = np.stack([directions[columns == label].mean(axis=0) for label in range(classes)])
        residuals = directions - means[columns]  # (n, D)
        rest = float((residuals**2).sum(axis=1).mean())
        count = min(DIRECTIONS, len(directions) - classes, directions.shape[1])
        axes = np.zeros((0, directions.shape[1]))
        spreads = np.zeros(0)
        if count > 0 and rest > 0:
            _, sizes, axes = randomized_svd(residuals, count, random_state=0)
            spreads = sizes**2 / len(directions)
            spreads = spreads + RIDGE * spreads.mean()
        return cls(
            means.astype(np.float32),
            np.ones(classes, np.float32),
            axes.astype(np.float32),
            spreads.astype(np.float32),
            rest,
        )

    def measure(self, features: Floats) -> npt.NDArray[np.float32]:
        """(n, D) -> (n,): 0 at a class mean, 1 where the outermost 5 % of known glitches begin."""
        distances = self._distances(root_directions(features)) / self.scale  # (n, C)
        return np.asarray(distances.min(axis=1), np.float32)

    def _distances(self, directions: Floats) -> npt.NDArray[np.float64]:
        """(n, D) root directions -> (n, C) to each class mean."""
        if not len(self.axes):
            return np.asarray(1 - directions @ _unit(self.means).T)
        along = directions @ self.axes.T  # (n, k)
        distances = np.empty((len(directions), len(self.means)))
        for label, mean in enumerate(self.means):
            off = along - mean @ self.axes.T  # (n, k)
            outside = ((directions - mean) ** 2).sum(axis=1) - (off**2).sum(axis=1)
            squared = (off**2 / self.spreads).sum(axis=1)
            squared += len(self.axes) * np.maximum(outside, 0.0) / self.rest
            distances[:, label] = np.sqrt(squared)
        return distances

    def to_arrays(self) -> dict[str, npt.NDArray[np.floating]]:
        """As arrays, fit for a file."""
        return {name: np.asarray(value) for name, value in asdict(self).items()}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[np.floating]]) -> NoveltyMeasure:
        """From :meth:`to_arrays`, or the ``means`` and ``scale`` of an older file."""
        means = arrays["means"]
        return cls(
            means,
            np.broadcast_to(np.asarray(arrays["scale"], np.float32), len(means)),
            arrays.get("axes", np.zeros((0, means.shape[1]), np.float32)),
            arrays.get("spreads", np.zeros(0, np.float32)),
            float(arrays.get("rest", 0.0)),
        )


def _folds(columns: npt.NDArray[np.integer], classes: int) -> npt.NDArray[np.int64]:
    """(n,) 0 to 4: each class's glitches are dealt out in turn."""
    folds = np.zeros(len(columns), np.int64)
    for label in range(classes):
        mine = np.flatnonzero(columns == label)
        folds[mine] = np.arange(len(mine)) % FOLDS
    return folds


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


def _unit(vectors: Floats) -> npt.NDArray[np.float64]:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12))
