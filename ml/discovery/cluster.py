"""Groups among the pool of unknowns, by k-means and by HDBSCAN, each group once.

The pool is never clean: stragglers of known classes lie in it. HDBSCAN may leave points out;
k-means may not, so its members that lie nearer to another cluster are dropped afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import hdbscan
import numpy as np
import numpy.typing as npt
from sklearn.cluster import KMeans
from sklearn.metrics import silhouette_samples

from ml.discovery.errors import BadVectors, TooFewPoints

Vectors = npt.NDArray[np.floating]
Indices = npt.NDArray[np.intp]
Method = Callable[[Vectors, int], list[Indices]]

FEWEST_POINTS = 10
FEWEST_MEMBERS = 5
MOST_CLUSTERS = 12
RESTARTS = 10
# Distances say little in 200 dimensions, and HDBSCAN's density less: both work on main axes.
KMEANS_DIMENSIONS, HDBSCAN_DIMENSIONS = 30, 15
SMALLEST_SHARE = 15  # HDBSCAN's clusters hold at least 1/15 of the pool
NEIGHBOURS = 3  # HDBSCAN's min_samples: low, since rare classes are thin
SUBSAMPLES, SUBSAMPLE_SHARE = 8, 0.8
SAME_GROUP = 0.5  # Jaccard index from which two clusters are one


@dataclass(frozen=True)
class Cluster:
    """``members``: indices into the pool, nearest to the middle first.

    ``cohesion``: mean cosine between members and the cluster's mean direction (1 = all alike, 0 =
    no common direction). ``stability``: mean best Jaccard index over re-clusterings of random 80 %
    of the pool (Hennig 2007). ``also_by``: the other methods that found it too.
    """

    method: str
    members: Indices
    cohesion: float
    stability: float
    also_by: tuple[str, ...] = ()


def cluster_pool(
    vectors: Vectors, seed: int, methods: Sequence[str] = ("kmeans", "hdbscan")
) -> list[Cluster]:
    """Clusters of ``vectors`` (n, d), the most stable first; none where nothing groups.

    Where two methods find the same group, the more stable version of it is kept. Raises
    TooFewPoints for fewer than ten vectors, BadVectors for what is not a finite (n, d) array,
    ValueError for an unknown method.
    """
    check_vectors(vectors)
    unknown = set(methods) - set(METHODS)
    if unknown:
        raise ValueError(f"unknown methods {sorted(unknown)}; known are {sorted(METHODS)}")
    found = [
        cluster
        for method in methods
        for cluster in _by_one_method(np.asarray(vectors, np.float64), method, seed)
    ]
    return merge_duplicates(found)


def check_vectors(vectors: Vectors) -> None:
    """Raise BadVectors or TooFewPoints if ``vectors`` cannot be clustered."""
    if vectors.ndim != 2 or not np.isfinite(vectors).all():
        raise BadVectors(f"Clustering needs finite vectors (n, d), not {vectors.shape}.")
    if len(vectors) < FEWEST_POINTS:
        raise TooFewPoints(
            f"The pool of unknowns holds {len(vectors)} glitches; clustering needs at least "
            f"{FEWEST_POINTS}. Wait for more.",
            points=len(vectors),
        )


def main_axes(vectors: Vectors, dimensions: int) -> npt.NDArray[np.float64]:
    """(n, d) -> (n, at most ``dimensions``): centred, along the axes of largest variance."""
    centred = vectors - vectors.mean(axis=0)
    left, sizes, _ = np.linalg.svd(centred, full_matrices=False)
    return np.asarray(left[:, :dimensions] * sizes[:dimensions])


def group_by_kmeans(vectors: Vectors, seed: int) -> list[Indices]:
    """k-means with the k of the best mean silhouette; members on the wrong side are dropped."""
    points = main_axes(vectors, KMEANS_DIMENSIONS)
    if len(np.unique(points.round(9), axis=0)) < 3:
        return []
    best: tuple[float, npt.NDArray[np.intp], npt.NDArray[np.float64]] | None = None
    for k in range(2, min(MOST_CLUSTERS, len(points) // FEWEST_MEMBERS) + 1):
        labels = KMeans(k, n_init=RESTARTS, random_state=seed).fit_predict(points)
        if len(np.unique(labels)) < 2:
            continue
        silhouettes = silhouette_samples(points, labels)
        if best is None or silhouettes.mean() > best[0]:
            best = (float(silhouettes.mean()), labels, silhouettes)
    if best is None:
        return []
    _, labels, silhouettes = best
    return [np.flatnonzero((labels == label) & (silhouettes > 0)) for label in np.unique(labels)]


def group_by_hdbscan(vectors: Vectors, seed: int) -> list[Indices]:
    """HDBSCAN's clusters; points in thin regions belong to none. Has no chance in it."""
    points = main_axes(vectors, HDBSCAN_DIMENSIONS)
    smallest = max(FEWEST_MEMBERS, len(points) // SMALLEST_SHARE)
    labels = hdbscan.HDBSCAN(min_cluster_size=smallest, min_samples=NEIGHBOURS).fit_predict(points)
    return [np.flatnonzero(labels == label) for label in range(labels.max() + 1)]


METHODS: dict[str, Method] = {"kmeans": group_by_kmeans, "hdbscan": group_by_hdbscan}


def cohesion_of(vectors: Vectors) -> tuple[float, npt.NDArray[np.float64]]:
    """Mean cosine of (n, d) to their mean direction, and each one's cosine (n,)."""
    units = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    middle = units.mean(axis=0)
    cosines = units @ (middle / max(float(np.linalg.norm(middle)), 1e-12))
    return float(cosines.mean()), cosines


def jaccard(a: Indices, b: Indices) -> float:
    """Size of the intersection over size of the union."""
    union = len(np.union1d(a, b))
    return len(np.intersect1d(a, b)) / union if union else 0.0


def merge_duplicates(clusters: Sequence[Cluster]) -> list[Cluster]:
    """The most stable first; later ones that are much the same only add their method."""
    kept: list[Cluster] = []
    for cluster in sorted(clusters, key=lambda one: -one.stability):
        twin = next(
            (
                place
                for place, other in enumerate(kept)
                if jaccard(cluster.members, other.members) >= SAME_GROUP
            ),
            None,
        )
        if twin is None:
            kept.append(cluster)
        elif cluster.method != kept[twin].method:
            also = (*kept[twin].also_by, cluster.method)
            kept[twin] = replace(kept[twin], also_by=tuple(dict.fromkeys(also)))
    return kept


def _by_one_method(vectors: Vectors, method: str, seed: int) -> list[Cluster]:
    groups = [group for group in METHODS[method](vectors, seed) if len(group) >= FEWEST_MEMBERS]
    if not groups:
        return []
    stabilities = _stabilities(vectors, METHODS[method], groups, seed)
    clusters = []
    for group, stability in zip(groups, stabilities, strict=True):
        cohesion, cosines = cohesion_of(vectors[group])
        ordered = group[np.argsort(-cosines, kind="stable")]
        clusters.append(Cluster(method, ordered, cohesion, stability))
    return clusters


def _stabilities(
    vectors: Vectors, method: Method, groups: Sequence[Indices], seed: int
) -> list[float]:
    """For each group the mean, over subsamples, of its best match's Jaccard index."""
    rng = np.random.default_rng(seed)
    matches = np.zeros((SUBSAMPLES, len(groups)))
    for row in range(SUBSAMPLES):
        size = max(FEWEST_POINTS - 2, round(len(vectors) * SUBSAMPLE_SHARE))
        drawn = np.sort(rng.choice(len(vectors), size=size, replace=False))
        again = [drawn[found] for found in method(vectors[drawn], seed)]
        for column, group in enumerate(groups):
            present = np.intersect1d(group, drawn)
            matches[row, column] = max((jaccard(present, other) for other in again), default=0.0)
    return [float(mean) for mean in matches.mean(axis=0)]
