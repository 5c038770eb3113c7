"""Promotion: whether a volunteer has shown enough to see the next level's classes.

Gravity Spy promotes at an accuracy above 0.7 on gold of every class new at the level, without a
minimum of answers: one lucky vote a class promotes. Here the posterior must say so, and a minimum
of answers on gold:

    accuracy on class k  ~  Beta(A m_kk + right, A (1 - m_kk) + wrong)
    promoted where       P(accuracy on k > threshold) >= certainty     for each new class k

with A and m the prior of skills (``skill``), learned from the crowd: the marginal of its Dirichlet
row. What the crowd settled does not count here: nobody rises by agreeing with others.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.special import betainc

from ml.crowd.skill import Matrix, SkillPrior, answering_shares, prior_rows


class Belief(NamedTuple):
    """A Beta distribution of the accuracy on one class, before the answers on it."""

    right: float = 1.0
    wrong: float = 1.0


EVEN = Belief()


@dataclass(frozen=True)
class PromotionRule:
    threshold: float = 0.7
    certainty: float = 0.7
    answers_min: int = 3


def beliefs(counts: Matrix, prior: SkillPrior) -> list[Belief]:
    """What the prior says of each class: the volunteer's other answers on gold have their part.

    Args:
        counts: (C, C) the volunteer's answers on gold, rows = truth.

    >>> beliefs(np.zeros((2, 2)), SkillPrior(accuracy=0.75, answers_per_class=8.0))[0]
    Belief(right=6.0, wrong=2.0)
    """
    rows = prior_rows(counts, answering_shares(counts, prior), prior)
    worth = prior.answers_per_class
    return [Belief(worth * right, worth * (1 - right)) for right in np.diag(rows).tolist()]


def is_mastered(
    correct: int, seen: int, belief: Belief = EVEN, rule: PromotionRule | None = None
) -> bool:
    """Whether the accuracy on one class exceeds the threshold with the rule's certainty.

    >>> is_mastered(1, 1), is_mastered(4, 4), is_mastered(2, 4)
    (False, True, False)
    """
    rule = rule or PromotionRule()
    if seen < rule.answers_min:
        return False
    right, wrong = belief.right + correct, belief.wrong + seen - correct
    return float(1 - betainc(right, wrong, rule.threshold)) >= rule.certainty


def is_promoted(
    answers: Iterable[tuple[int, int, Belief]], rule: PromotionRule | None = None
) -> bool:
    """Whether all of (correct, seen, belief), one a class new at the level, are mastered.

    Nothing to master proves nothing:

    >>> is_promoted([])
    False
    """
    mastered = [is_mastered(correct, seen, belief, rule) for correct, seen, belief in answers]
    return bool(mastered) and all(mastered)


def gold_share(gold_and_other_seen: int) -> float:
    """The share of gold in what a volunteer is shown: 40/30/20 % of each first 20, then 10 %."""
    for limit, share in ((20, 0.4), (40, 0.3), (60, 0.2)):
        if gold_and_other_seen < limit:
            return share
    return 0.1
