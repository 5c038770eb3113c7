"""Many simulated votes at once, as arrays, for benchmarks and tests of the rules."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.crowd.skill import Matrix

Int32 = NDArray[np.int32]
# Votes drawn at a time: (votes, C) temporaries stay small.
DRAWN_AT_ONCE = 1 << 18


@dataclass(frozen=True)
class CrowdShape:
    """A crowd; by default one whose majority is right on nine glitches of ten at five votes each.

    The accuracies of those who do not guess are Beta(``accuracy`` x ``likeness``, (1 -
    ``accuracy``) x ``likeness``).

    Attributes:
        guessing: share of volunteers who vote at random.
        twin_share: share of a class's mistakes that goes to its two twins.
    """

    volunteers: int = 1000
    classes: int = 22
    votes_per_item: int = 5
    guessing: float = 0.15
    accuracy: float = 0.71
    likeness: float = 4.0
    twin_share: float = 0.5


@dataclass(frozen=True)
class DrawnVotes:
    """``item``, ``volunteer``, ``label``: (votes,), in no order; ``truth``: (items,);
    ``confusion``: (V, C, C) P(vote | truth).
    """

    item: Int32
    volunteer: Int32
    label: Int32
    truth: Int32
    confusion: Matrix


def draw_votes(votes: int, shape: CrowdShape, rng: np.random.Generator) -> DrawnVotes:
    """About ``votes`` votes: nobody votes twice on one glitch, all classes are as frequent."""
    items = votes // shape.votes_per_item
    confusion = _draw_confusion(shape, rng)
    truth = rng.integers(0, shape.classes, size=items, dtype=np.int32)
    volunteer = _draw_voters(items, shape, rng).ravel()
    item = np.repeat(np.arange(items, dtype=np.int32), shape.votes_per_item)
    order = rng.permutation(len(item)).astype(np.int32)
    item, volunteer = item[order], volunteer[order]
    label = np.empty(len(item), dtype=np.int32)
    steps = np.cumsum(confusion, axis=2, dtype=np.float32)
    for first in range(0, len(item), DRAWN_AT_ONCE):
        some = slice(first, first + DRAWN_AT_ONCE)
        rows = steps[volunteer[some], truth[item[some]]]  # (some, C)
        chance = rng.random((len(rows), 1), dtype=np.float32)
        label[some] = np.minimum((rows < chance).sum(axis=1), shape.classes - 1)
    return DrawnVotes(item, volunteer, label, truth, confusion)


def _draw_confusion(shape: CrowdShape, rng: np.random.Generator) -> Matrix:
    classes = shape.classes
    mistakes = np.full((classes, classes), (1 - shape.twin_share) / (classes - 1))
    for k in range(classes):
        others = np.delete(np.arange(classes), k)
        twins = rng.choice(others, size=min(2, len(others)), replace=False)
        mistakes[k, twins] += shape.twin_share / len(twins)
        mistakes[k, k] = 0.0
    mistakes /= mistakes.sum(axis=1, keepdims=True)
    a, b = shape.accuracy * shape.likeness, (1 - shape.accuracy) * shape.likeness
    right = rng.beta(a, b, size=(shape.volunteers, 1, 1))
    confusion = right * np.eye(classes) + (1 - right) * mistakes
    confusion[: round(shape.volunteers * shape.guessing)] = 1.0 / classes
    return confusion


def _draw_voters(items: int, shape: CrowdShape, rng: np.random.Generator) -> Int32:
    """(items, votes_per_item) different volunteers a row."""
    size = (items, shape.votes_per_item)
    voters = rng.integers(0, shape.volunteers, size=size, dtype=np.int32)
    again = np.arange(items)
    while len(again):
        in_order = np.sort(voters[again], axis=1)
        again = again[(in_order[:, 1:] == in_order[:, :-1]).any(axis=1)]
        voters[again] = rng.integers(0, shape.volunteers, (len(again), size[1]), dtype=np.int32)
    return voters
