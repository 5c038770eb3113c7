"""What a reviewer is told about a cluster, and whether it is worth a reviewer's time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ml.discovery.cluster import Cluster, cohesion_of

Vectors = npt.NDArray[np.floating]

MEDOIDS = 9
FEWEST_MEMBERS = 5
LEAST_STABILITY = 0.5
LEAST_COHESION = 0.3
MOST_KNOWN = 0.5  # of the mixing that members of a known class would show
NEIGHBOURS = 5


@dataclass(frozen=True)
class Description:
    """A cluster with what is said of it.

    ``cluster``: without the members that look known, which are in ``dropped`` (indices into the
    pool); if most look known, it stays whole and is not worth showing. ``medoids``: up to nine
    indices into the pool, the most central member first (least mean cosine distance to all).
    ``distances`` (len(cluster.members),): each member's cosine distance to the cluster's middle.
    ``nearest_class`` and ``nearest_distance``: cosine distance between the two middles, 0 to 2;
    None without known glitches. ``known_share``: how far the members, before dropping, mix with the
    known class ``look_alike`` (see :func:`mixing`). ``reason``: one sentence.
    """

    cluster: Cluster
    dropped: npt.NDArray[np.intp]
    medoids: npt.NDArray[np.intp]
    distances: npt.NDArray[np.float64]
    nearest_class: str | None
    nearest_distance: float | None
    known_share: float
    look_alike: str | None
    worth_showing: bool
    reason: str


@dataclass(frozen=True)
class KnownGlitches:
    """Labeled glitches as unit vectors (m, d), and the middles (C, d) of the classes ``names``."""

    units: npt.NDArray[np.float64]
    labels: npt.NDArray[np.str_]
    names: tuple[str, ...]
    middles: npt.NDArray[np.float64]

    @classmethod
    def of(cls, vectors: Vectors, labels: npt.NDArray[np.str_]) -> KnownGlitches:
        """From ``vectors`` (m, d) and ``labels`` (m,); m may be 0."""
        names = tuple(str(name) for name in np.unique(labels))
        units = _units(vectors)
        middles = [units[labels == name].mean(axis=0) for name in names]
        return cls(units, labels, names, _units(np.array(middles)) if names else units)


def describe_clusters(
    clusters: Sequence[Cluster],
    vectors: Vectors,
    known_vectors: Vectors,
    known_labels: npt.NDArray[np.str_],
) -> list[Description]:
    """Each cluster's description, in the order given.

    ``vectors`` (n, d) are the pool's that were clustered, ``known_vectors`` (m, d) labeled ones in
    the same embedding.
    """
    known = KnownGlitches.of(known_vectors, known_labels)
    return [describe_cluster(cluster, vectors, known) for cluster in clusters]


def describe_cluster(cluster: Cluster, vectors: Vectors, known: KnownGlitches) -> Description:
    """See :func:`describe_clusters`."""
    shares, look_alike = known_neighbours(_units(vectors[cluster.members]), known)
    known_share = mixing(shares, look_alike, known)
    dropped = cluster.members[(shares > 0.5) & (known_share <= MOST_KNOWN)]
    kept = _without(cluster, dropped, vectors)
    members = _units(vectors[kept.members])  # (k, d)
    middle = _units(members.mean(axis=0, keepdims=True))[0]
    nearest_class, nearest_distance = _nearest_class(middle, known)
    worth_showing, reason = judge(kept, look_alike, known_share)
    return Description(
        cluster=kept,
        dropped=dropped,
        medoids=kept.members[medoid_order(members)[:MEDOIDS]],
        distances=1 - members @ middle,
        nearest_class=nearest_class,
        nearest_distance=nearest_distance,
        known_share=known_share,
        look_alike=look_alike,
        worth_showing=worth_showing,
        reason=reason,
    )


def _without(cluster: Cluster, dropped: npt.NDArray[np.intp], vectors: Vectors) -> Cluster:
    if not len(dropped):
        return cluster
    left = cluster.members[~np.isin(cluster.members, dropped)]
    cohesion, cosines = cohesion_of(vectors[left])
    return replace(cluster, members=left[np.argsort(-cosines, kind="stable")], cohesion=cohesion)


def medoid_order(units: npt.NDArray[np.float64]) -> npt.NDArray[np.intp]:
    """Rows of (k, d) by mean cosine distance to all rows, the most central first."""
    return np.argsort(-(units @ units.T).mean(axis=1), kind="stable")


def judge(cluster: Cluster, look_alike: str | None, known_share: float) -> tuple[bool, str]:
    """Whether a reviewer should see the cluster, and why."""
    size = len(cluster.members)
    if size < FEWEST_MEMBERS:
        return False, f"It has {size} members, fewer than {FEWEST_MEMBERS}."
    if cluster.stability < LEAST_STABILITY:
        return False, (
            f"It falls apart when the pool is clustered again (stability {cluster.stability:.2f}, "
            f"at least {LEAST_STABILITY} is asked)."
        )
    if cluster.cohesion < LEAST_COHESION:
        return False, (
            f"Its members have little in common (cohesion {cluster.cohesion:.2f}, at least "
            f"{LEAST_COHESION} is asked)."
        )
    if known_share > MOST_KNOWN:
        return (
            False,
            f"Its members mix with {look_alike} ({known_share:.0%}), as if they were of it.",
        )
    return True, (
        f"{size} members keep together (stability {cluster.stability:.2f}, cohesion "
        f"{cluster.cohesion:.2f}) and apart from the known classes."
    )


def _nearest_class(
    middle: npt.NDArray[np.float64], known: KnownGlitches
) -> tuple[str | None, float | None]:
    if not known.names:
        return None, None
    distances = 1 - known.middles @ middle  # (C,)
    nearest = int(distances.argmin())
    return known.names[nearest], float(distances[nearest])


def known_neighbours(
    members: npt.NDArray[np.float64], known: KnownGlitches
) -> tuple[npt.NDArray[np.float64], str | None]:
    """For ``members`` (k, d) the share (k,) of known glitches among their five nearest neighbours.

    Neighbours are fellow members and known glitches; also returns the class of most known ones.
    Neighbours and not distances to a class's middle, because a loose class reaches far without
    filling its reach.
    """
    if not known.names:
        return np.zeros(len(members)), None
    among = members @ members.T  # (k, k)
    np.fill_diagonal(among, -np.inf)
    closeness = np.concatenate([among, members @ known.units.T], axis=1)  # (k, k + m)
    nearest = np.argsort(-closeness, axis=1, kind="stable")[:, :NEIGHBOURS]
    is_known = nearest >= len(members)
    seen = known.labels[nearest[is_known] - len(members)]
    if not len(seen):
        return np.zeros(len(members)), None
    names, counts = np.unique(seen, return_counts=True)
    return is_known.mean(axis=1), str(names[counts.argmax()])


def mixing(shares: npt.NDArray[np.float64], look_alike: str | None, known: KnownGlitches) -> float:
    """How far the members mix with a known class: 0 = not at all, 1 = as if they were of it.

    Were they of it, known glitches would be among the neighbours in proportion to their number;
    a class with few labels has few to offer.
    """
    if look_alike is None:
        return 0.0
    labeled = int((known.labels == look_alike).sum())
    return float(min(1.0, shares.mean() * (labeled + len(shares)) / labeled))


def _units(vectors: Vectors) -> npt.NDArray[np.float64]:
    lengths = np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    return np.asarray(vectors / lengths, np.float64)
