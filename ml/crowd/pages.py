"""Votes given where only some classes were on the page, in the EM.

A volunteer has one skill and voted on pages of several levels. The EM sees each (volunteer, page)
pair as a voter of its own; before skills are estimated the pairs' counts are folded into their
volunteers', and the skills are unfolded again by ``restrict_to_offered``.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from ml.crowd.skill import Counts, restrict_to_offered

Probabilities = NDArray[np.floating[Any]]


def as_asked(
    posterior: Probabilities, offered: NDArray[np.bool_], none_of_the_above: int
) -> Probabilities:
    """What a vote says of its volunteer: a class that was not offered counts as None_of_the_Above.

    Args:
        posterior: (..., C) of the glitch.
        offered: (..., C), what was on the page; None_of_the_Above always is.
    """
    asked = np.where(offered, posterior, 0)
    asked[..., none_of_the_above] += np.where(offered, 0, posterior).sum(axis=-1)
    return asked


@dataclass(frozen=True)
class Pages:
    """Who voted on which pages.

    Attributes:
        volunteer: (P,) the volunteer of each pair.
        offered: (P, C) bool, what the pair's page offered; None_of_the_Above always is.
        none_of_the_above: its index.
    """

    volunteer: NDArray[np.integer]
    offered: NDArray[np.bool_]
    none_of_the_above: int

    @classmethod
    def from_votes(
        cls,
        volunteer: ArrayLike,
        page: ArrayLike,
        offers: NDArray[np.bool_],
        none_of_the_above: int,
    ) -> tuple["Pages", NDArray[np.integer]]:
        """The pairs that occur, and the pair of each vote, (votes,), for ``SparseVotes``.

        Args:
            volunteer, page: (votes,) integers from 0.
            offers: (pages, C) bool.
        """
        pairs, pair_of_vote = np.unique(
            np.asarray(volunteer, dtype=np.int64) * len(offers) + np.asarray(page),
            return_inverse=True,
        )
        who, where = np.divmod(pairs, len(offers))
        return cls(who, offers[where], none_of_the_above), pair_of_vote

    def fold(self, counts: Counts) -> Counts:
        """(P, C, C) by pair, truth before vote -> (V, C, C) by volunteer.

        On a page without its class a glitch should get None_of_the_Above: what was voted there
        speaks of the volunteer's row of None_of_the_Above.
        """
        elsewhere = np.where(self.offered[:, :, None], 0, counts).sum(axis=1)
        shown = np.where(self.offered[:, :, None], counts, 0)
        shown[:, self.none_of_the_above] += elsewhere
        pairs, classes = self.offered.shape
        ones = np.ones(pairs, dtype=counts.dtype)
        whose = sparse.csr_matrix((ones, (self.volunteer, np.arange(pairs))))  # (V, P)
        return (whose @ shown.reshape(pairs, -1)).reshape(-1, classes, classes)

    def unfold(self, skills: Counts) -> Counts:
        """(V, C, C) by volunteer -> (P, C, C) P(vote | truth) on each pair's page."""
        return restrict_to_offered(skills[self.volunteer], self.offered, self.none_of_the_above)
