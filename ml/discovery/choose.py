"""Which embedding shows classes that were not known when it was made: measured, not believed.

Groups of known classes (pairs drawn at random, so that every class is held out once) play the
unknown; the embedding is fitted on the others. Two things are measured: NMI and ARI of k-means with
k = classes held out on these alone, the protocol of Bahaadini et al. 2018; and F1, which decides:
how well the whole of discovery finds each class held out in a pool that stragglers of the other
classes have soiled. An embedding can be perfect at the first and blind at the second.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

from ml.discovery.cluster import FEWEST_POINTS, METHODS, Cluster, cohesion_of
from ml.discovery.describe import KnownGlitches, describe_cluster
from ml.wanted import check_wanted, tell

Floats = npt.NDArray[np.floating]
Labels = npt.NDArray[np.str_]
Transform = Callable[[Floats], Floats]
Fit = Callable[[Floats, Labels, int], Transform]

FEWEST_CLASSES = 4  # below, holding out two leaves nothing to learn from
FEWEST_MEMBERS = 5  # of a class that is worth holding out
RESTARTS = 10
STRAGGLERS = 1 / 3  # for each glitch held out


@dataclass(frozen=True)
class Candidate:
    """An embedding to be tried: ``inputs`` (n, D) of the labeled glitches, ``fit`` on some of them.

    ``fit(inputs, labels, seed)`` returns the function from (m, D) to vectors (m, d).
    """

    inputs: Floats
    fit: Fit


@dataclass(frozen=True)
class Measured:
    """One candidate on one group of held out classes; ``f1`` is the mean over these classes."""

    name: str
    held_out: tuple[str, ...]
    nmi: float
    ari: float
    f1: float


@dataclass(frozen=True)
class Choice:
    """``rows``: all measurements; ``means`` {name: (nmi, ari, f1)}; ``reason``: one sentence."""

    winner: str
    rows: tuple[Measured, ...]
    means: Mapping[str, tuple[float, float, float]]
    reason: str


def choose_embedding(
    candidates: Mapping[str, Candidate], labels: Labels, seed: int, default: str
) -> Choice:
    """The candidate with the highest mean F1 over the held out groups (then NMI + ARI).

    ``labels`` (n,) are of known classes. With fewer than four classes of five members nothing can
    be measured, and the winner is ``default``.
    """
    groups = held_out_groups(labels, seed)
    if not groups:
        return Choice(
            default,
            (),
            {},
            f"Fewer than {FEWEST_CLASSES} known classes have {FEWEST_MEMBERS} glitches, too few "
            f"to measure an embedding by holding classes out: {default} is taken.",
        )
    rows = []
    for (name, candidate), group in product(candidates.items(), groups):
        check_wanted()
        rows.append(measure(name, candidate, labels, group, seed))
        tell("round", len(rows), len(candidates) * len(groups))
    means = {name: _means([row for row in rows if row.name == name]) for name in candidates}
    winner = max(means, key=lambda name: (means[name][2], means[name][0] + means[name][1]))
    figures = ", ".join(
        f"{name} {f1:.2f} ({nmi:.2f}/{ari:.2f})" for name, (nmi, ari, f1) in means.items()
    )
    return Choice(
        winner,
        tuple(rows),
        means,
        f"{winner} found held out known classes best: F1 (NMI/ARI) over {len(groups)} groups were "
        f"{figures}.",
    )


def _means(rows: Sequence[Measured]) -> tuple[float, float, float]:
    nmi, ari, f1 = np.mean([(row.nmi, row.ari, row.f1) for row in rows], axis=0)
    return float(nmi), float(ari), float(f1)


def held_out_groups(labels: Labels, seed: int) -> list[tuple[str, ...]]:
    """Pairs of classes that hold out every class once; an odd one out makes the last group three.

    Empty if too few classes have enough members.
    """
    names, counts = np.unique(labels, return_counts=True)
    usable = names[counts >= FEWEST_MEMBERS]
    if len(usable) < FEWEST_CLASSES:
        return []
    drawn = [str(name) for name in np.random.default_rng(seed).permutation(usable)]
    groups = [tuple(drawn[start : start + 2]) for start in range(0, len(drawn) - 1, 2)]
    if len(drawn) % 2:
        groups[-1] = (*groups[-1], drawn[-1])
    return groups


def measure(
    name: str, candidate: Candidate, labels: Labels, group: Sequence[str], seed: int
) -> Measured:
    """Fit on all classes but ``group``; then cluster ``group``, alone and among stragglers.

    Stragglers are known glitches that the embedding was not fitted on either, a third as many as
    there are glitches held out (at most half of each known class).
    """
    held = np.isin(labels, list(group))
    straggling = draw_stragglers(labels, held, seed)
    fitted = ~held & ~straggling
    transform = candidate.fit(candidate.inputs[fitted], labels[fitted], seed)
    vectors = transform(candidate.inputs)
    found = KMeans(len(group), n_init=RESTARTS, random_state=seed).fit_predict(vectors[held])
    pool = held | straggling
    known = KnownGlitches.of(vectors[fitted], labels[fitted])
    return Measured(
        name,
        tuple(group),
        float(normalized_mutual_info_score(labels[held], found, average_method="geometric")),
        float(adjusted_rand_score(labels[held], found)),
        recovery(vectors[pool], labels[pool], known, group, seed),
    )


def draw_stragglers(
    labels: Labels, held: npt.NDArray[np.bool_], seed: int
) -> npt.NDArray[np.bool_]:
    """A mask (n,) of known glitches that are to soil the pool."""
    rng = np.random.default_rng(seed)
    candidates: list[int] = []
    for name in np.unique(labels[~held]):
        members = rng.permutation(np.flatnonzero(labels == name))
        candidates.extend(members[: len(members) // 2].tolist())
    drawn = rng.permutation(candidates)[: round(held.sum() * STRAGGLERS)]
    mask = np.zeros(len(labels), bool)
    mask[drawn.astype(int)] = True
    return mask


def recovery(
    vectors: Floats, truth: Labels, known: KnownGlitches, group: Sequence[str], seed: int
) -> float:
    """Mean over the classes of ``group`` of the best F1 that a group worth showing reaches.

    ``vectors`` (n, d) and ``truth`` (n,) are the soiled pool's. Stability is not measured here (it
    costs eight clusterings more) and counts as perfect.
    """
    if len(vectors) < FEWEST_POINTS:
        return 0.0
    shown = []
    for method, find in METHODS.items():
        for members in find(np.asarray(vectors, np.float64), seed):
            if len(members):
                cohesion, _ = cohesion_of(vectors[members])
                cluster = Cluster(method, members, cohesion, stability=1.0)
                described = describe_cluster(cluster, vectors, known)
                if described.worth_showing:
                    shown.append(described.cluster.members)
    best = []
    for name in group:
        hits = [int((truth[members] == name).sum()) for members in shown]
        count = int((truth == name).sum())
        scores = [2 * hit / (len(one) + count) for hit, one in zip(hits, shown, strict=True)]
        best.append(max(scores, default=0.0))
    return float(np.mean(best))
