"""Expected-value stopping: is another vote on this glitch worth what it costs?

The value of n more votes by average volunteers is what they are expected to add to the chance
that the class taken is right (value of information; Sheng, Provost & Ipeirotis 2008; Kamar,
Hacker & Horvitz 2012). With p the posterior and pi = P(vote | truth) of an average volunteer:

    gain(n) = sum over votes l1..ln of max_k p_k pi[k, l1] ... pi[k, ln]  -  max_k p_k

One vote alone often cannot turn the decision though two could, and looking one vote ahead would
stop there: the best gain a vote over blocks of up to ``horizon`` votes decides.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.crowd.skill import Matrix

Vector = NDArray[np.float64]
# Classes less likely than this cannot win within the horizon by enough to matter.
NEGLIGIBLE = 1e-4
# 22 classes and three votes are a table of 22^4 numbers; four would be 22 times as many.
HORIZON_MAX = 3


@dataclass(frozen=True)
class Stopping:
    """``cost``: the gain in P(correct) that a vote must promise; ``horizon``: votes ahead."""

    cost: float = 0.002
    horizon: int = HORIZON_MAX


def expected_gain(posterior: Vector, skill: Matrix, votes: int) -> float:
    """What ``votes`` more votes are expected to add to P(correct).

    Args:
        posterior: (C,), sums to 1.
        skill: (C, C) P(vote | truth) of an average volunteer.

    >>> even, skilled = np.array([0.5, 0.5]), np.array([[0.8, 0.2], [0.2, 0.8]])
    >>> round(expected_gain(even, skilled, 1), 3)
    0.3
    """
    likely = posterior >= NEGLIGIBLE
    joint = posterior[likely, None]  # (k, outcomes so far)
    answers = skill[likely]  # (k, C)
    for _ in range(votes):
        joint = (joint[:, :, None] * answers[:, None, :]).reshape(len(joint), -1)
    return float(joint.max(axis=0).sum() - posterior[likely].max())


def is_worth_asking(posterior: Vector, skill: Matrix, stopping: Stopping) -> bool:
    """Whether some block of votes within the horizon gains, a vote, at least its cost."""
    return any(
        expected_gain(posterior, skill, votes) >= stopping.cost * votes
        for votes in range(1, stopping.horizon + 1)
    )
