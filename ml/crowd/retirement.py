"""Retirement: when a glitch has been seen enough, and what then."""

from dataclasses import dataclass
from enum import StrEnum

from ml.crowd.consensus import Agreement


class Outcome(StrEnum):
    """What to do with a glitch after a vote."""

    MORE_VOTES = "more_votes"
    RETIRE_CONSENSUS = "retire_consensus"
    RETIRE_NO_CONSENSUS = "retire_no_consensus"
    MOVE_UP = "move_up"


@dataclass(frozen=True)
class RetirementPolicy:
    """Retire at ``threshold`` with at least ``votes_min`` votes, give up at ``votes_max``."""

    threshold: float = 0.97
    votes_min: int = 2
    votes_max: int = 8


def decide(
    policy: RetirementPolicy,
    agreement: Agreement,
    *,
    votes_here: int,
    elsewhere: float,
    top_was_offered: bool,
    top_is_none_of_the_above: bool,
    is_top_level: bool,
) -> Outcome:
    """What the votes so far mean for the glitch.

    A class that this level does not offer, and None_of_the_Above below the top level, cannot be
    settled here: the glitch moves up, where more classes are on the page, and keeps its votes.

    Args:
        votes_here: votes given where at least this level's classes were on the page; only they
            count towards the limit, for the others could not name every class.
        elsewhere: the agreement, summed, on all that this level does not offer and on
            None_of_the_Above. It may be certain while no single class is.
    """
    if votes_here == 0:
        return Outcome.MORE_VOTES
    enough = agreement.views >= policy.votes_min
    settled = enough and agreement.value >= policy.threshold
    settled_here = top_was_offered and not (top_is_none_of_the_above and not is_top_level)
    if settled and settled_here:
        return Outcome.RETIRE_CONSENSUS
    if not is_top_level and enough and (settled or elsewhere >= policy.threshold):
        return Outcome.MOVE_UP
    if votes_here >= policy.votes_max:
        return Outcome.RETIRE_NO_CONSENSUS if is_top_level else Outcome.MOVE_UP
    return Outcome.MORE_VOTES
