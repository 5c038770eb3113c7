"""Models of how volunteers err, for the EM: from expected counts to log P(vote | truth)."""

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from ml.crowd.skill import (
    DEFAULT_PRIOR,
    Counts,
    SkillPrior,
    answering_shares,
    concentration,
    crowd_errors,
    prior_rows,
    with_shares,
)

# Volunteers at a time: the temporaries stay small beside the counts.
BLOCK = 128
# Volunteers that the concentration is learned from: it is one number.
SAMPLE = 250


class ErrorModel(Protocol):
    """What is assumed of confusion matrices. One object serves one fit: it may keep a state."""

    def skills(self, counts: Counts) -> Counts:
        """The M-step: P(vote | truth), (V, C, C), from the expected counts, (V, C, C)."""
        ...


@dataclass
class DawidSkene:
    """Dawid & Skene (1979): every cell of every matrix on its own; maximum likelihood.

    ``answers`` imagined, spread over each row, only keep zeros out of the logarithm.
    """

    answers: float = 1e-8

    def skills(self, counts: Counts) -> Counts:
        smoothed = counts + self.answers / counts.shape[-1]
        return smoothed / smoothed.sum(axis=-1, keepdims=True)


@dataclass
class OneCoin:
    """One accuracy a volunteer, the same on every class; mistakes spread evenly."""

    prior: SkillPrior = DEFAULT_PRIOR

    def skills(self, counts: Counts) -> Counts:
        return prior_rows(counts, answering_shares(counts, self.prior), self.prior)


class Hierarchical:
    """Confusion matrices around each volunteer's own three ways of answering (see ``skill``).

    The crowd's mistakes, its shares and, unless given, the concentration are learned from the
    expected counts as the EM goes on (empirical Bayes).
    """

    def __init__(self, answers_per_class: float | None = None) -> None:
        self.fixed = answers_per_class
        self.prior = SkillPrior(
            accuracy=0.5, habit=0.25, answers_per_class=answers_per_class or 10.0
        )
        self._shares: Counts | None = None

    def skills(self, counts: Counts) -> Counts:
        shares = self.learn(counts)
        worth = counts.dtype.type(self.prior.answers_per_class)
        skills = np.empty_like(counts)
        for block in _blocks(len(counts)):
            rows = prior_rows(counts[block], shares[block], self.prior)
            smoothed = counts[block] + worth * rows
            skills[block] = smoothed / smoothed.sum(axis=-1, keepdims=True)
        return skills

    def learn(self, counts: Counts) -> Counts:
        """One step of the prior towards what the counts speak for; returns the shares, (V, 3)."""
        self.prior = replace(self.prior, errors=crowd_errors(counts))
        shares = self._shares = self._follow_shares(counts)
        self.prior = with_shares(self.prior, shares, counts)
        if self.fixed is None:
            some = slice(None, None, max(1, len(counts) // SAMPLE))
            rows = prior_rows(counts[some], shares[some], self.prior)
            worth = concentration(counts[some], rows, self.prior.answers_per_class)
            self.prior = replace(self.prior, answers_per_class=worth)
        return shares

    def _follow_shares(self, counts: Counts) -> Counts:
        """One round from where the last M-step stood: the EM as a whole iterates."""
        shares = np.empty((len(counts), 3), dtype=counts.dtype)
        for block in _blocks(len(counts)):
            start = None if self._shares is None else self._shares[block]
            rounds = 8 if start is None else 2
            shares[block] = answering_shares(counts[block], self.prior, start, rounds)
        return shares


def learn_prior(counts: Counts, rounds: int = 20) -> SkillPrior:
    """The prior that a whole crowd's answers speak for: what a newcomer starts from.

    Args:
        counts: (V, C, C) answers of every volunteer, gold and, with less weight, consensus.
    """
    model = Hierarchical()
    for _ in range(rounds):
        model.learn(counts)
    return model.prior


def _blocks(size: int) -> list[slice]:
    return [slice(first, first + BLOCK) for first in range(0, size, BLOCK)]
