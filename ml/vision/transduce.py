"""Few labels and many pictures without: what the unlabeled ones say about the classes. NumPy.

Three steps, each on unit vectors of the square roots of a frozen backbone's features:

1. logistic regression on the labeled glitches;
2. label spreading (Zhou et al. 2004, "Learning with local and global consistency") over the graph
   of nearest neighbours of all glitches, along the strongest axes, these half whitened; the
   geometric mean with step 1 trusts what both hold;
3. logistic regression again, with the confident ones of the unlabeled at half weight.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy.sparse as sparse
from scipy.sparse.linalg import splu
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import NearestNeighbors

from ml.vision.novelty import root_directions

Floats = npt.NDArray[np.floating]
Table = npt.NDArray[np.float64]

UNLABELED = -1
STRENGTH = 100.0  # inverse regularisation; unit vectors need more of it than standardised features
AXES, NEIGHBOURS, SPREADING = 50, 15, 0.99
LEAST_CONFIDENCE, PSEUDO_WEIGHT = 0.5, 0.5


def transduce(
    features: Floats, columns: npt.NDArray[np.integer], classes: int, seed: int = 0
) -> Table:
    """(n, D) features and (n,) true classes, UNLABELED where unknown -> (n, C) probabilities.

    Every class needs a label. What is labeled keeps its label only as far as the last regression
    agrees. Raises ValueError where a class has none.
    """
    labeled = np.flatnonzero(columns != UNLABELED)
    if len(np.unique(columns[labeled])) < classes:
        raise ValueError("every class needs at least one labeled glitch")
    directions = root_directions(features)
    weights = (columns != UNLABELED).astype(np.float64)
    regression = fit_and_predict(directions, columns, weights, seed)
    spread = spread_labels(half_whitened(directions), columns, classes)
    both = np.sqrt(regression * (spread + 1e-6))
    both /= both.sum(axis=1, keepdims=True)
    pseudo = np.where(columns == UNLABELED, both.argmax(axis=1), columns)
    confidence = both.max(axis=1)
    confident = np.where(confidence >= LEAST_CONFIDENCE, PSEUDO_WEIGHT * confidence, 0.0)
    weights = np.where(columns == UNLABELED, confident, 1.0)
    return fit_and_predict(directions, pseudo, weights, seed)


def fit_and_predict(
    directions: Table, columns: npt.NDArray[np.integer], weights: Table, seed: int
) -> Table:
    """Logistic regression on what has a weight, (n, C) for all."""
    used = weights > 0
    model = LogisticRegression(C=STRENGTH, max_iter=300, random_state=seed)
    model.fit(directions[used], columns[used], sample_weight=weights[used])
    return np.asarray(model.predict_proba(directions))


def half_whitened(directions: Table) -> Table:
    """(n, D) -> (n, 50) unit vectors: principal axes, each divided by the root of its deviation."""
    centred = directions - directions.mean(axis=0)
    u, s, _ = np.linalg.svd(centred, full_matrices=False)
    axes = u[:, :AXES] * np.sqrt(s[:AXES])
    return np.asarray(axes / np.maximum(np.linalg.norm(axes, axis=1, keepdims=True), 1e-12))


def spread_labels(points: Table, columns: npt.NDArray[np.integer], classes: int) -> Table:
    """(n, C): (1 - a) (I - a S)^-1 Y, rows with sum 1; every class starts with the same mass.

    S is the graph of nearest neighbours with weights exp(-d^2 / s_i^2), s_i the distance of the
    farthest of them, made symmetric and divided by the roots of both degrees.
    """
    graph = _graph(points)
    start = np.zeros((len(points), classes))
    labeled = np.flatnonzero(columns != UNLABELED)
    start[labeled, columns[labeled]] = 1.0
    start /= start.sum(axis=0)
    solved = splu((sparse.eye(len(points)) - SPREADING * graph).tocsc()).solve(start)
    spread = np.maximum(solved, 0.0) + 1e-12
    return np.asarray(spread / spread.sum(axis=1, keepdims=True))


def _graph(points: Table) -> sparse.csc_matrix:
    count = min(NEIGHBOURS, len(points) - 1)
    distances, places = NearestNeighbors(n_neighbors=count + 1).fit(points).kneighbors(points)
    distances, places = distances[:, 1:], places[:, 1:]  # the first is the point itself
    scale = np.maximum(distances[:, -1:], 1e-12)
    near = np.exp(-((distances / scale) ** 2))
    rows = np.repeat(np.arange(len(points)), count)
    one_way = sparse.csr_matrix((near.ravel(), (rows, places.ravel())), shape=(len(points),) * 2)
    both_ways = one_way.maximum(one_way.T)
    roots = sparse.diags(1 / np.sqrt(np.asarray(both_ways.sum(axis=1)).ravel()))
    return (roots @ both_ways @ roots).tocsc()
