"""Consensus on one glitch from its votes and the classifier: three rules, one interface.

``majority``: the share of the votes; the classifier and skill count for nothing.

``gravity_spy``: Zevin et al. (2017), section 4.2: the mean of the voters' columns P(true | vote)
and the classifier's probabilities, each counting as one view. It converges to the mean precision
of the voters, so that voters below the threshold never retire a glitch, however many agree.

``bayes``: Dawid & Skene (1979), E-step with known skills: the posterior over the true class is
the prior times the product of each vote's likelihood under that volunteer's confusion matrix.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ml.crowd.skill import Matrix, restrict_to_offered

Vector = NDArray[np.float64]


@dataclass(frozen=True)
class CastVote:
    """A vote as the rules need it.

    Attributes:
        voted: index of the class voted for.
        offered: (C,) bool, what the volunteer could choose from.
        confusion: (C, C) smoothed skill of the volunteer, P(vote | truth).
        counts: (C, C) raw gold answers behind it, rows = truth.
    """

    voted: int
    offered: NDArray[np.bool_]
    confusion: Matrix
    counts: Matrix


@dataclass(frozen=True)
class Agreement:
    """``by_class``: (C,) in [0, 1]; ``views``: what counted towards a minimum of votes."""

    by_class: Vector
    views: int

    @property
    def top(self) -> int:
        return int(np.argmax(self.by_class))

    @property
    def value(self) -> float:
        return float(min(self.by_class[self.top], 1.0))


def mix_prior(
    class_prior: Vector, classifier: Vector | None, none_of_the_above: int, trust: float = 0.95
) -> Vector:
    """The prior over all classes of one glitch before any vote.

    Without a classifier it is the class prior. With one, the classifier speaks for the classes it
    knows; ``1 - trust`` and the share of None_of_the_Above stay with the class prior, since a
    classifier gives no probability to what it never saw.

    Args:
        class_prior: (C,), sums to 1.
        classifier: (C,) calibrated probabilities, 0 for unknown classes; or None.
        none_of_the_above: its index.
    """
    if classifier is None or classifier.sum() <= 0:
        return class_prior
    share_unknown = 0.0 if classifier[none_of_the_above] > 0 else class_prior[none_of_the_above]
    known = (1.0 - share_unknown) * classifier / classifier.sum()
    known[none_of_the_above] += share_unknown
    mixed = trust * known + (1.0 - trust) * class_prior
    return mixed / mixed.sum()


class Rule(Protocol):
    """From what is known of one glitch to an agreement on it."""

    def __call__(
        self,
        prior: Vector,
        votes: Sequence[CastVote],
        none_of_the_above: int,
        *,
        classifier: Vector | None = None,
    ) -> Agreement:
        """A rule takes what it needs and leaves the rest.

        Args:
            prior: (C,) before any vote, the classifier mixed in (``mix_prior``).
            none_of_the_above: its index.
            classifier: (C,) the classifier's own probabilities; None where there are none.
        """
        ...


def majority(
    prior: Vector,
    votes: Sequence[CastVote],
    none_of_the_above: int,
    *,
    classifier: Vector | None = None,
) -> Agreement:
    """The share of the votes by class; all zero before the first vote."""
    tally = np.bincount([vote.voted for vote in votes], minlength=len(prior)).astype(np.float64)
    return Agreement(by_class=tally / max(len(votes), 1), views=len(votes))


def gravity_spy(
    prior: Vector,
    votes: Sequence[CastVote],
    none_of_the_above: int,
    *,
    classifier: Vector | None = None,
) -> Agreement:
    """The averaging rule of Gravity Spy.

    None_of_the_Above votes and voters without gold answers of the voted class add nothing; votes
    without an account come with no counts. The classifier counts as one view.
    """
    total = np.zeros(len(prior)) if classifier is None else classifier.astype(np.float64)
    views = 0 if classifier is None else 1
    for vote in votes:
        column = vote.counts[:, vote.voted]
        if vote.voted == none_of_the_above or column.sum() == 0:
            continue
        total = total + column / column.sum()
        views += 1
    return Agreement(by_class=total / max(views, 1), views=views)


def bayes(
    prior: Vector,
    votes: Sequence[CastVote],
    none_of_the_above: int,
    *,
    classifier: Vector | None = None,
) -> Agreement:
    """Posterior over classes: prior (C,) x product of likelihoods, in logarithms."""
    log_posterior = np.log(np.clip(prior, 1e-12, None))
    for vote in votes:
        likelihood = restrict_to_offered(vote.confusion, vote.offered, none_of_the_above)
        log_posterior = log_posterior + np.log(np.clip(likelihood[:, vote.voted], 1e-12, None))
    posterior = np.exp(log_posterior - log_posterior.max())
    return Agreement(by_class=posterior / posterior.sum(), views=len(votes))


RULES: Mapping[str, Rule] = {"majority": majority, "gravity_spy": gravity_spy, "bayes": bayes}
DEFAULT_RULE = "bayes"


class UnknownRule(LookupError):
    """No rule of consensus has this name; the message lists those there are."""

    code = "unknown_rule"


def rule_named(name: str) -> Rule:
    """The rule of this name.

    Raises:
        UnknownRule: there is none.
    """
    if name not in RULES:
        raise UnknownRule(f"no rule of consensus is called {name!r}; choose of {', '.join(RULES)}")
    return RULES[name]
