"""Which embedding shows classes that were not known when it was made: measured, not believed.

The protocol of Bahaadini et al. 2018 on the known classes themselves: a group of classes is held
out, the embedding is fitted on the others, and k-means (k = classes held out) should find the held
out ones again. Groups are pairs drawn at random, so that every class is held out once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

Floats = npt.NDArray[np.floating]
Labels = npt.NDArray[np.str_]
Transform = Callable[[Floats], Floats]
Fit = Callable[[Floats, Labels, int], Transform]

FEWEST_CLASSES = 4  # below, holding out two leaves nothing to learn from
FEWEST_MEMBERS = 5  # of a class that is worth holding out
RESTARTS = 10


@dataclass(frozen=True)
class Candidate:
    """An embedding to be tried: ``inputs`` (n, D) of the labeled glitches, ``fit`` on some of them.

    ``fit(inputs, labels, seed)`` returns the function from (m, D) to vectors (m, d).
    """

    inputs: Floats
    fit: Fit


@dataclass(frozen=True)
class Measured:
    """One candidate on one group of held out classes."""

    name: str
    held_out: tuple[str, ...]
    nmi: float
    ari: float


@dataclass(frozen=True)
class Choice:
    """``rows``: all measurements; ``means`` {name: (nmi, ari)}; ``reason``: one sentence."""

    winner: str
    rows: tuple[Measured, ...]
    means: Mapping[str, tuple[float, float]]
    reason: str


def choose_embedding(
    candidates: Mapping[str, Candidate], labels: Labels, seed: int, default: str
) -> Choice:
    """The candidate with the highest mean of NMI and ARI over the held out groups.

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
    rows = tuple(
        measure(name, candidate, labels, group, seed)
        for name, candidate in candidates.items()
        for group in groups
    )
    means = {
        name: (
            float(np.mean([row.nmi for row in rows if row.name == name])),
            float(np.mean([row.ari for row in rows if row.name == name])),
        )
        for name in candidates
    }
    winner = max(means, key=lambda name: sum(means[name]))
    figures = ", ".join(f"{name} {nmi:.2f}/{ari:.2f}" for name, (nmi, ari) in means.items())
    return Choice(
        winner,
        rows,
        means,
        f"{winner} found held out known classes best (NMI/ARI over {len(groups)} groups: "
        f"{figures}).",
    )


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
    """Fit on all classes but ``group``; then cluster ``group`` and compare with its labels."""
    held = np.isin(labels, list(group))
    transform = candidate.fit(candidate.inputs[~held], labels[~held], seed)
    vectors = transform(candidate.inputs[held])
    found = KMeans(len(group), n_init=RESTARTS, random_state=seed).fit_predict(vectors)
    return Measured(
        name,
        tuple(group),
        float(normalized_mutual_info_score(labels[held], found, average_method="geometric")),
        float(adjusted_rand_score(labels[held], found)),
    )
