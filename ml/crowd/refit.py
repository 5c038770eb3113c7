"""All skills anew from all votes: an EM over the history, then each vote counted as it says.

The EM (``dawid_skene``, ``Hierarchical``) finds the posterior of each glitch, gold clamped. A
volunteer's vote is then counted over the truths by it, as in the EM's own M-step, with what such
an answer is worth (``answers``) and the classes that were on its page.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ml.crowd.answers import DEFAULT_WEIGHTS, AnswerWeights
from ml.crowd.dawid_skene import EmSettings, Fit, Known, fit
from ml.crowd.pages import Pages, as_asked
from ml.crowd.skill import Counts, Matrix
from ml.crowd.votes import SparseVotes

# Votes counted at a time: (votes, C) temporaries stay small.
BLOCK = 1 << 16


@dataclass(frozen=True)
class History:
    """Every vote, one a row, and what is known beside them.

    Attributes:
        item, volunteer, page, label: (votes,) integers from 0, sorted by item.
        at: (votes,) when, on the clock of the answers.
        is_counted: (votes,) whether it counts for its volunteer's skill: not where the glitch is
            open, for its consensus will be computed with that skill.
        gold: (items,) the class that experts say, -1 where they said nothing.
        offers: (pages, C) bool, the classes on each page.
        none_of_the_above: its index.
    """

    item: NDArray[np.integer]
    volunteer: NDArray[np.integer]
    page: NDArray[np.integer]
    label: NDArray[np.integer]
    at: NDArray[np.floating]
    is_counted: NDArray[np.bool_]
    gold: NDArray[np.integer]
    offers: NDArray[np.bool_]
    none_of_the_above: int

    def worth(self, weights: AnswerWeights) -> NDArray[np.float64]:
        """(votes,) what each answer is stored as; 0 where it does not count."""
        weight = np.where(self.gold[self.item] >= 0, weights.gold, weights.consensus)
        return np.where(self.is_counted, weight * np.exp2(self.at / weights.half_life), 0.0)


@dataclass(frozen=True)
class Refitted:
    """What the whole history says.

    Attributes:
        counts: (V, C, C) the counted answers as they are stored (``answers``), rows = truth.
        answers: (V,) how many they are.
        fitted: by (volunteer, page) and glitch.
    """

    counts: Matrix
    answers: NDArray[np.integer]
    fitted: Fit


def refit(
    history: History,
    weights: AnswerWeights = DEFAULT_WEIGHTS,
    settings: EmSettings | None = None,
) -> Refitted:
    """Fit all votes, and count again those that count. Deterministic."""
    pages, pair = Pages.from_votes(
        history.volunteer, history.page, history.offers, history.none_of_the_above
    )
    votes = SparseVotes.from_triples(
        history.item,
        pair,
        history.label,
        items=len(history.gold),
        volunteers=len(pages.volunteer),
        classes=history.offers.shape[1],
    )
    fitted = fit(votes, known=Known(gold=history.gold, pages=pages), settings=settings)
    counts = _count(history, fitted.posterior, history.worth(weights))
    answers = np.bincount(history.volunteer[history.is_counted], minlength=len(counts))
    return Refitted(counts, answers, fitted)


def _count(history: History, posterior: Counts, worth: NDArray[np.float64]) -> Matrix:
    """(V, C, C) the votes, spread over the truths as the posteriors of their glitches are."""
    classes, volunteers = history.offers.shape[1], int(history.volunteer.max()) + 1
    by_vote = np.zeros((volunteers * classes, classes))
    for first in range(0, len(history.item), BLOCK):
        some = slice(first, first + BLOCK)
        offered = history.offers[history.page[some]]  # (block, C)
        asked = as_asked(posterior[history.item[some]], offered, history.none_of_the_above)
        cell = history.volunteer[some] * classes + history.label[some]
        block = (worth[some], (cell, np.arange(len(cell))))
        by_vote += sparse.csr_matrix(block, shape=(len(by_vote), len(cell))) @ asked
    return by_vote.reshape(volunteers, classes, classes).swapaxes(1, 2)
