"""The measure of novelty in files of weights written before there were sketches. NumPy.

Mahalanobis' distance to the nearest class mean between the square roots of the network's features
(Lee et al. 2018), or without axes 1 - cosine. It is read and never written: what those versions
reported stays what they report until the next training. So their distances are put on today's
scale, on which doubt begins and is complete where it did for them (at .92 and 1.42).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ml.vision.confidence.novelty import DOUBT_FROM, DOUBT_WIDTH

Floats = npt.NDArray[np.floating]
BEGAN, WIDTH = 0.92, 0.5


@dataclass(frozen=True)
class FeatureNovelty:
    """``means`` (C, D) of the classes; ``scale`` (C,): the distance that 95 % of each keep.

    ``axes`` (k, D): the main directions within the classes, with their variances ``spreads`` (k,);
    ``rest``: the mean squared distance of a glitch from its class mean.
    """

    means: Floats
    scale: Floats
    axes: Floats
    spreads: Floats
    rest: float

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[np.generic]]) -> FeatureNovelty:
        """From a file's tensors; the oldest hold ``means`` and ``scale`` alone."""
        found = {name: np.asarray(array, np.float32) for name, array in arrays.items()}
        means = found["means"]
        return cls(
            means,
            np.broadcast_to(found["scale"], len(means)),
            found.get("axes", np.zeros((0, means.shape[1]), np.float32)),
            found.get("spreads", np.zeros(0, np.float32)),
            float(found.get("rest", 0.0)),
        )

    def measure(self, features: Floats) -> npt.NDArray[np.float32]:
        """(n, D) features -> (n,), near 1 where the outermost 5 % of known glitches begin."""
        roots = np.sign(features) * np.sqrt(np.abs(features)).astype(np.float64)
        distances = self._distances(_unit(roots)) / self.scale  # (n, C)
        today = DOUBT_FROM + (distances.min(axis=1) - BEGAN) * DOUBT_WIDTH / WIDTH
        return np.asarray(np.maximum(today, 0.0), np.float32)

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


def _unit(vectors: Floats) -> npt.NDArray[np.float64]:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12))
