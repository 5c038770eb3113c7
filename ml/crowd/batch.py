"""Batch questions: does a glitch belong to the group shown beside it?

Naive Bayes over yes/no answers. A volunteer's chance to be right is the posterior mean of a Beta
whose data are gold answers and this batch's decoys (glitches that are known not to belong).
"""

from collections.abc import Sequence

import numpy as np


def probability_belongs(prior: float, answers: Sequence[bool], right: Sequence[float]) -> float:
    """P(belongs | answers).

    Args:
        prior: chance that a glitch of its part (member, neighbour) belongs.
        answers: True where the volunteer says "like these".
        right: the chance of each of these volunteers to be right, in (0.5, 1).

    >>> round(probability_belongs(0.5, [True], [0.8]), 3)
    0.8
    """
    log_odds = np.log(prior / (1 - prior))
    for alike, chance in zip(answers, right, strict=True):
        step = np.log(chance / (1 - chance))
        log_odds += step if alike else -step
    return float(1 / (1 + np.exp(-log_odds)))


def chance_right(
    correct: float, seen: float, *, accuracy: float = 0.8, answers: float = 4
) -> float:
    """The chance that a volunteer answers a yes/no question rightly, kept within [.55, .98].

    The bounds keep one volunteer from deciding alone, and one who answers against the decoys from
    counting as a perfect liar.
    """
    mean = (correct + accuracy * answers) / (seen + answers)
    return float(np.clip(mean, 0.55, 0.98))
