"""Classes learned from a handful of labels and the many glitches that have none. scikit-learn.

What is needed when a class has just been born. Three steps, all on the same few axes:

1. Labels spread over the graph of nearest neighbours (Zhou et al. 2004, "Learning with local and
   global consistency"; on deep features: Iscen et al. 2019, "Label propagation for deep
   semi-supervised learning").
2. Their mean with a logistic regression of the labels alone gives every unlabeled glitch a soft
   pseudo-label. Neighbours are the better guide with one label a class, the regression with ten.
3. The regression is fitted again with the pseudo-labels, each weighted by its certainty (1 - its
   entropy over the largest possible, as Iscen et al.). In each class they count half as much as
   one label together, so that labels soon outweigh them, and a rare class is not drowned.

No step assumes classes of equal size, as transport to class centres would: a pool is never balanced
(Veilleux et al. 2021, "Realistic evaluation of transductive few-shot learning").
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import kneighbors_graph

from ml.vision.errors import TooFewClasses

Floats = npt.NDArray[np.floating]
Float64 = npt.NDArray[np.float64]
Labels = npt.NDArray[Any]  # names, or whatever can be sorted
TINY = 1e-12
STEPS = 150  # of spreading; what then is still on its way is 0.9 ** 150 = 1e-7 of all


def unit_rows(x: Floats) -> Float64:
    """(n, d) -> (n, d) of length 1; zero rows stay zero."""
    return np.asarray(x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), TINY), np.float64)


def rows_to_one(x: Floats) -> Float64:
    """(n, C) of numbers from 0 up -> rows that sum to 1; zero rows become even."""
    totals = x.sum(axis=1, keepdims=True)
    return np.where(totals > TINY, x / np.maximum(totals, TINY), 1 / x.shape[1])


@dataclass(frozen=True)
class JoinedScale:
    """Puts features of several crops of one picture beside its pixels, on one scale.

    Columns of features are standardised over the glitches of ``fit``, labeled or not; then each
    crop has length 1, and the pixels count as much as all crops together. ``mean`` and ``spread``
    (crops, D), ``centre`` (p,), ``pixel_scale`` a factor.
    """

    mean: Floats
    spread: Floats
    centre: Floats
    pixel_scale: float

    @classmethod
    def fit(cls, crops: Floats, pixels: Floats) -> Self:
        """``crops`` (n, crops, D), ``pixels`` (n, p) within 0 to 1."""
        shapes = unit_rows(pixels)
        centre = shapes.mean(axis=0)
        length = np.sqrt(((shapes - centre) ** 2).sum(axis=1).mean())
        scale = float(np.sqrt(crops.shape[1]) / max(length, TINY))
        return cls(crops.mean(axis=0), crops.std(axis=0) + 1e-3, centre, scale)

    def transform(self, crops: Floats, pixels: Floats) -> npt.NDArray[np.float32]:
        """(n, crops, D) and (n, p) -> (n, crops * D + p)."""
        standard = (crops - self.mean) / self.spread
        parts = [unit_rows(standard[:, crop]) for crop in range(crops.shape[1])]
        parts.append((unit_rows(pixels) - self.centre) * self.pixel_scale)
        return np.concatenate(parts, axis=1).astype(np.float32)


def neighbour_graph(vectors: Floats, neighbours: int) -> sparse.csr_array:
    """Symmetric normalised weights (n, n) of a nearest-neighbour graph over (n, d).

    exp(-d^2 / (s_i s_j)) with s_i the distance to i's farthest neighbour (Zelnik-Manor and Perona
    2004), so that dense and sparse classes are both connected. Memory: n * neighbours.
    """
    count = min(neighbours, len(vectors) - 1)
    distances = kneighbors_graph(vectors, count, mode="distance").tocoo()
    width = distances.max(axis=1).toarray().ravel() + TINY
    scale = width[distances.row] * width[distances.col]
    weights = np.exp(-(distances.data**2) / scale)
    shape = distances.shape
    graph = sparse.csr_array((weights, (distances.row, distances.col)), shape=shape)
    graph = graph.maximum(graph.T)
    root = sparse.diags_array(1 / np.sqrt(np.maximum(graph.sum(axis=1), TINY)))
    return (root @ graph @ root).tocsr()


def spread_labels(
    vectors: Floats,
    columns: npt.NDArray[np.integer],
    classes: int,
    neighbours: int = 10,
    alpha: float = 0.9,
) -> Float64:
    """Probabilities (n, classes) of all rows of ``vectors`` (n, d); rows sum to 1.

    ``columns`` (m <= n,) are the classes of the first m rows. F = alpha S F + (1 - alpha) Y, where
    each class has the same weight in Y however many labels it has. Rows that no label reaches
    get even probabilities.
    """
    start = np.zeros((len(vectors), classes))
    start[np.arange(len(columns)), columns] = 1
    start /= np.maximum(start.sum(axis=0), 1)
    graph = neighbour_graph(vectors, neighbours)
    spread = start
    for _ in range(STEPS):
        spread = alpha * (graph @ spread) + (1 - alpha) * start
    return rows_to_one(spread)


@dataclass
class FewShotClassifier:
    """Labels, and glitches without, to a linear classifier on the main axes of both.

    ``axes`` of the features are kept for the regression, the first ``graph_axes`` of them,
    half-whitened, for the graph. ``strength``: inverse regularisation, for rows of length 1.
    ``pool_weight``: of all pseudo-labels of a class, in labels. The defaults were chosen on
    simulated glitches only (docs/figures.md). Fitted: ``classes_`` (C,), sorted, and
    ``pool_probabilities_`` (m, C).

    >>> features, labels = np.eye(2), np.array(["Blip", "Koi_Fish"])
    >>> pool = np.array([[0.9, 0.2], [0.8, 0.0], [0.1, 1.1], [0.0, 0.7]])
    >>> FewShotClassifier(neighbours=2).fit(features, labels, pool).predict(pool).tolist()
    ['Blip', 'Blip', 'Koi_Fish', 'Koi_Fish']
    """

    neighbours: int = 10
    alpha: float = 0.9
    axes: int = 50
    graph_axes: int = 20
    strength: float = 30.0
    pool_weight: float = 0.5
    seed: int = 0

    def fit(self, features: Floats, labels: Labels, pool: Floats) -> Self:
        """``features`` (n, D) of the glitches with ``labels`` (n,), ``pool`` (m, D) without.

        The pool may be empty. Raises TooFewClasses for fewer than two, ValueError for NaN or
        shapes that do not fit.
        """
        self.classes_, columns = np.unique(labels, return_inverse=True)
        classes = len(self.classes_)
        if classes < 2:
            raise TooFewClasses("A few-shot classifier needs labels of at least two classes.")
        if len(labels) != len(features):
            raise ValueError(f"{len(labels)} labels were given for {len(features)} glitches")
        every = np.concatenate([features, pool])
        axes = min(self.axes, *every.shape)
        self.pca_ = PCA(axes, svd_solver="randomized", random_state=self.seed).fit(every)
        turned = self.pca_.transform(every)  # (n + m, axes)
        x, weight = unit_rows(turned), np.eye(classes)[columns]
        self._regress(x[: len(columns)], weight)
        self.pool_probabilities_ = np.zeros((0, classes))
        if len(pool):
            near = spread_labels(
                self._graph_vectors(turned), columns, classes, self.neighbours, self.alpha
            )
            guess = (near + self._model.predict_proba(x))[len(columns) :] / 2  # (m, C)
            self._regress(x, np.concatenate([weight, self._weigh(guess)]))
            self.pool_probabilities_ = self._model.predict_proba(x[len(columns) :])
        return self

    def predict_proba(self, features: Floats) -> Float64:
        """(k, D) -> (k, C), columns as ``classes_``; rows sum to 1."""
        x = unit_rows(self.pca_.transform(features))
        return np.asarray(self._model.predict_proba(x))

    def predict(self, features: Floats) -> Labels:
        """(k, D) -> the most probable labels (k,)."""
        return np.asarray(self.classes_[self.predict_proba(features).argmax(axis=1)])

    def _graph_vectors(self, turned: Floats) -> Float64:
        """Half-whitened: divided by the square roots of the standard deviations."""
        kept = turned[:, : self.graph_axes]
        return unit_rows(kept / np.maximum(kept.std(axis=0), TINY) ** 0.5)

    def _weigh(self, guess: Float64) -> Float64:
        """Soft labels (m, C) -> weights (m, C) whose columns each sum to ``pool_weight``."""
        entropy = -(guess * np.log(guess + TINY)).sum(axis=1, keepdims=True)
        certain = guess * np.maximum(1 - entropy / np.log(guess.shape[1]), 0)
        return np.asarray(self.pool_weight * certain / np.maximum(certain.sum(axis=0), TINY))

    def _regress(self, x: Float64, weight: Float64) -> None:
        """Logistic regression of x (n, d) that is of class c with ``weight`` (n, C) [:, c]."""
        rows, columns = np.nonzero(weight > 1e-3 * weight.max())
        self._model = LogisticRegression(C=self.strength, max_iter=500, tol=1e-3)
        self._model.fit(x[rows], columns, sample_weight=weight[rows, columns])
