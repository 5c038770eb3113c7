"""Promotion: whether a volunteer has shown enough to see the next level's classes.

Gravity Spy promotes at an accuracy above 0.7 on gold of every class new at the level, without a
minimum of answers: one lucky vote a class promotes. Here the posterior must say so:
P(accuracy > threshold) under a Beta(1, 1) prior, and a minimum of answers.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from scipy.special import betainc


@dataclass(frozen=True)
class PromotionRule:
    threshold: float = 0.7
    certainty: float = 0.7
    answers_min: int = 3


def is_mastered(correct: int, seen: int, rule: PromotionRule | None = None) -> bool:
    """Whether the accuracy on one class exceeds the threshold with the rule's certainty.

    >>> is_mastered(1, 1), is_mastered(4, 4), is_mastered(2, 4)
    (False, True, False)
    """
    rule = rule or PromotionRule()
    if seen < rule.answers_min:
        return False
    return float(1 - betainc(1 + correct, 1 + seen - correct, rule.threshold)) >= rule.certainty


def is_promoted(answers: Iterable[tuple[int, int]], rule: PromotionRule | None = None) -> bool:
    """Whether all of (correct, seen), one a class new at the level, are mastered."""
    return all(is_mastered(correct, seen, rule) for correct, seen in answers)


def gold_share(gold_and_other_seen: int) -> float:
    """The share of gold in what a volunteer is shown: 40/30/20 % of each first 20, then 10 %."""
    for limit, share in ((20, 0.4), (40, 0.3), (60, 0.2)):
        if gold_and_other_seen < limit:
            return share
    return 0.1
