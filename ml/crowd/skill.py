"""Skill: a volunteer's confusion matrix, smoothed so that one lucky answer proves little.

Rows of a confusion matrix have a Dirichlet prior, as in Dawid & Skene (1979) with a prior (Raykar
et al. 2010, section 2.5; Kim & Ghahramani 2012). Its centre is the volunteer's own mixture of
three ways of answering a glitch of class k:

* knows it, and votes k;
* slips as the crowd slips: votes ``errors[k]``, the crowd's mean pattern of mistakes on k;
* answers by habit: votes whatever the volunteer mostly votes, whatever the glitch (as in MACE,
  Hovy et al. 2013: spammers, and those who call everything a Blip).

The shares of the three are the volunteer's own, shrunk to the crowd's: a newcomer starts as an
average newcomer, what is learned on one class speaks, weakly, for the others, and a class without
gold has a row from the first vote.
"""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma

Matrix = NDArray[np.float64]
# Counts of a crowd: (V, C, C), truth before vote; float32 where there are many volunteers.
Counts = NDArray[np.floating[Any]]

KNOWS, SLIPS, HABIT = range(3)
# Enough for shares that follow their fixed point to the third digit.
ROUNDS = 12
# No vote is impossible: one slip on the keyboard may not decide against a class for ever.
LEAST = 1e-6
HASTE, LEAP = 8.0, 2.0


@dataclass(frozen=True)
class SkillPrior:
    """What is believed of a volunteer before any answer: the average newcomer.

    Attributes:
        accuracy: the crowd's share of answers that are known.
        habit: its share of answers by habit; the rest are slips.
        answers: how many answers the belief in these shares is worth.
        answers_per_class: how many answers on one class outweigh what the shares say of it: the
            concentration of the Dirichlet prior of each row.
        errors: (C, C), the crowd's mistakes: rows = truth, diagonal 0, each row sums to 1; None
            where nothing is known: every mistake is as likely.
    """

    accuracy: float = 0.75
    answers: float = 4.0
    answers_per_class: float = 6.0
    habit: float = 0.0
    errors: Matrix | None = field(default=None, compare=False)

    def shares(self) -> Matrix:
        """(3,) knows, slips, habit."""
        return np.array([self.accuracy, 1.0 - self.accuracy - self.habit, self.habit])

    def mistakes(self, classes: int) -> Matrix:
        """(C, C) as ``errors``, where it speaks of the first ``classes``.

        A class that came after the prior was learned errs uniformly, and is mistaken for others as
        often as the mean class is.
        """
        pattern = np.ones((classes, classes))
        if self.errors is not None:
            known = min(len(self.errors), classes)
            pattern[:known, :known] = self.errors[:known, :known] * (len(self.errors) - 1)
        return _without_diagonal(pattern)


def _without_diagonal(pattern: Matrix) -> Matrix:
    """The pattern of mistakes: nothing on the diagonal, each row sums to 1."""
    np.fill_diagonal(pattern, 0.0)
    return pattern / np.maximum(pattern.sum(axis=1, keepdims=True), LEAST)


DEFAULT_PRIOR = SkillPrior()


def overall_accuracy(correct: float, seen: float, prior: SkillPrior = DEFAULT_PRIOR) -> float:
    """The posterior mean of a volunteer's accuracy on gold (Beta-binomial).

    >>> overall_accuracy(0, 0)
    0.75
    >>> overall_accuracy(1, 1)
    0.8
    """
    return (correct + prior.accuracy * prior.answers) / (seen + prior.answers)


def answering_shares(
    counts: Counts, prior: SkillPrior, start: Counts | None = None, rounds: int = ROUNDS
) -> Counts:
    """Each volunteer's shares of knowing, slipping and habit, by EM over the three.

    Args:
        counts: (..., C, C) answers, rows = truth, columns = vote.
        start: (..., 3) shares to go on from; the prior's by default.

    Returns:
        (..., 3), sums to 1. Without habit in the prior it is exact after one round.
    """
    mistakes = prior.mistakes(counts.shape[-1]).astype(counts.dtype)
    habits = _habits(counts)
    crowd = prior.shares()
    shares = np.broadcast_to(crowd, (*counts.shape[:-2], 3)) if start is None else start
    shares = shares.astype(counts.dtype)
    for _ in range(rounds if prior.habit else 1):
        ratio = counts / _mixture(shares, mistakes, habits)
        knows = np.trace(ratio, axis1=-2, axis2=-1)
        slips = np.einsum("...kl,kl->...", ratio, mistakes)
        habit = np.einsum("...l,...l->...", ratio.sum(axis=-2), habits)
        explained = shares * np.stack([knows, slips, habit], axis=-1) + prior.answers * crowd
        shares = (explained / explained.sum(axis=-1, keepdims=True)).astype(counts.dtype)
    return shares


def prior_rows(counts: Counts, shares: Counts, prior: SkillPrior) -> Counts:
    """(..., C, C) the centre of the prior of each row: the mixture at these shares."""
    mistakes = prior.mistakes(counts.shape[-1]).astype(counts.dtype)
    rows = _mixture(shares, mistakes, _habits(counts))
    return rows / rows.sum(axis=-1, keepdims=True)


def confusion_matrix(counts: Matrix, prior: SkillPrior = DEFAULT_PRIOR) -> Matrix:
    """The smoothed confusion matrix P(vote | truth): the posterior mean of each row.

    Args:
        counts: (..., C, C) answers, rows = truth, columns = vote; may be fractions.

    Returns:
        (..., C, C), each row sums to 1, every entry is positive.
    """
    rows = prior_rows(counts, answering_shares(counts, prior), prior)
    smoothed = counts + prior.answers_per_class * rows
    return smoothed / smoothed.sum(axis=-1, keepdims=True)


def crowd_errors(counts: Counts) -> Matrix:
    """(C, C) the crowd's mean mistakes; a quarter of one is imagined for each pair of classes.

    With less, the few mistakes of a young crowd would seem the only ones that can be made.
    """
    return _without_diagonal(counts.sum(axis=0, dtype=np.float64) + 0.25)


def with_shares(prior: SkillPrior, shares: Counts, counts: Counts) -> SkillPrior:
    """The prior with the crowd's mean shares, volunteers weighted by their answers."""
    answers = counts.sum(axis=(1, 2), dtype=np.float64)
    crowd = (answers @ shares + prior.shares()) / (answers.sum() + 1.0)
    return replace(prior, accuracy=float(crowd[KNOWS]), habit=float(crowd[HABIT]))


def concentration(counts: Counts, rows: Counts, start: float, rounds: int = 1) -> float:
    """How many answers the centre of a row is worth, one number for all rows.

    Minka's (2000) fixed point for the precision of a Dirichlet-multinomial, which creeps; each
    step is taken as ``HASTE`` of its steps at once, and at most by a factor of ``LEAP``.

    Args:
        counts, rows: (V, C, C) answers and the centres of their prior.
        start: to go on from.

    Returns:
        within [0.5, 10000].
    """
    worth = start
    seen = counts.sum(axis=-1)
    for _ in range(rounds):
        pseudo = worth * rows
        gain = np.sum(rows * (digamma(counts + pseudo) - digamma(pseudo)), dtype=np.float64)
        cost = np.sum(digamma(seen + worth) - digamma(worth), dtype=np.float64)
        if cost <= 0 or gain <= 0:
            return worth
        step = np.clip((gain / cost) ** HASTE, 1 / LEAP, LEAP)
        worth = float(np.clip(worth * step, 0.5, 1e4))
    return worth


def _habits(counts: Counts) -> Counts:
    """(..., C) how often each class is voted, whatever the truth; one vote for each is imagined.

    With less, ten answers on ten classes would look like a habit of voting just these.
    """
    votes = counts.sum(axis=-2) + 1.0
    return votes / votes.sum(axis=-1, keepdims=True)


def _mixture(shares: Counts, mistakes: Counts, habits: Counts) -> Counts:
    """(..., C, C) P(vote | truth) of the three ways of answering, nowhere below ``LEAST``."""
    parts = shares[..., None, None]  # (..., 3, 1, 1)
    rows = parts[..., SLIPS, :, :] * mistakes + parts[..., HABIT, :, :] * habits[..., None, :]
    diagonal = np.arange(mistakes.shape[-1])
    rows[..., diagonal, diagonal] += shares[..., KNOWS, None]
    return np.maximum(rows, LEAST)


def restrict_to_offered(
    confusion: Matrix, offered: NDArray[np.bool_], none_of_the_above: int
) -> Matrix:
    """P(vote | truth) where only some classes were offered.

    A glitch of a class that was not offered should get None_of_the_Above, so its row is that of
    None_of_the_Above; the votes not offered have probability 0 and the rest sums to 1.

    Args:
        confusion: (..., C, C).
        offered: (..., C), True where the class was on the page; None_of_the_Above always is.
        none_of_the_above: its index.
    """
    instead = confusion[..., none_of_the_above, None, :]  # (..., 1, C)
    rows = np.where(offered[..., :, None], confusion, instead)
    rows = np.where(offered[..., None, :], rows, 0.0)
    return rows / rows.sum(axis=-1, keepdims=True)
