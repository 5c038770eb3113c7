"""Retirement: when a glitch has been seen enough, and what then."""

from enum import StrEnum

from ml.crowd.consensus import Agreement
from ml.crowd.policy import Otherwise, RetirementPolicy
from ml.crowd.skill import Matrix
from ml.crowd.stopping import is_worth_asking

__all__ = ["Outcome", "RetireReason", "RetirementPolicy", "decide"]


class RetireReason(StrEnum):
    """Panoptes' reasons; ``classification_count`` is "no consensus within the vote limit"."""

    CLASSIFICATION_COUNT = "classification_count"
    FLAGGED = "flagged"
    NOTHING_HERE = "nothing_here"
    CONSENSUS = "consensus"
    OTHER = "other"
    HUMAN = "human"


class Outcome(StrEnum):
    """What to do with a glitch after a vote."""

    MORE_VOTES = "more_votes"
    RETIRE_CONSENSUS = "retire_consensus"
    RETIRE_NOTHING_HERE = "retire_nothing_here"
    RETIRE_NO_CONSENSUS = "retire_no_consensus"
    RETIRE_NOT_WORTH_A_VOTE = "retire_not_worth_a_vote"
    MOVE_UP = "move_up"
    TO_REVIEWER = "to_reviewer"

    @property
    def reason(self) -> RetireReason | None:
        """The reason to store; None where the glitch is not retired."""
        return _REASONS.get(self)


_REASONS = {
    Outcome.RETIRE_CONSENSUS: RetireReason.CONSENSUS,
    Outcome.RETIRE_NOTHING_HERE: RetireReason.NOTHING_HERE,
    Outcome.RETIRE_NO_CONSENSUS: RetireReason.CLASSIFICATION_COUNT,
    Outcome.RETIRE_NOT_WORTH_A_VOTE: RetireReason.OTHER,
}


def decide(
    policy: RetirementPolicy,
    agreement: Agreement,
    *,
    votes_here: int,
    elsewhere: float,
    top_was_offered: bool,
    top_is_none_of_the_above: bool,
    is_top_level: bool,
    top_label: str | None = None,
    none_of_the_above_votes: int = 0,
    average_skill: Matrix | None = None,
) -> Outcome:
    """What the votes so far mean for the glitch.

    A class that this level does not offer, and None_of_the_Above, cannot be settled here: the
    policy's ``at_none_of_the_above`` says what then; by default the glitch moves up, where more
    classes are on the page, and keeps its votes.

    Args:
        votes_here: votes given where at least this level's classes were on the page; only they
            count towards the limit, for the others could not name every class.
        elsewhere: the agreement, summed, on all that this level does not offer and on
            None_of_the_Above. It may be certain while no single class is.
        top_label: of the leading class, for its overrides.
        average_skill: (C, C) of an average volunteer, for a policy with stopping.
    """
    if votes_here == 0:
        return Outcome.MORE_VOTES
    limits = policy.limits(top_label)
    enough = agreement.views >= limits.votes_min
    settled = enough and agreement.value >= limits.threshold
    if settled and top_was_offered and not top_is_none_of_the_above:
        empty = top_label in policy.nothing_here
        return Outcome.RETIRE_NOTHING_HERE if empty else Outcome.RETIRE_CONSENSUS
    is_none = settled and top_is_none_of_the_above
    is_above = enough and not is_top_level and (settled or elsewhere >= limits.threshold)
    if is_none or is_above or _are_many(none_of_the_above_votes, policy):
        outcome = _follow(policy.at_none_of_the_above, is_top_level, Outcome.RETIRE_CONSENSUS)
        if outcome != Outcome.MORE_VOTES:
            return outcome
    if votes_here >= limits.votes_max:
        return no_consensus(policy, is_top_level)
    if enough and _is_waste(policy, agreement, average_skill):
        return _follow(policy.at_no_consensus, is_top_level, Outcome.RETIRE_NOT_WORTH_A_VOTE)
    return Outcome.MORE_VOTES


def no_consensus(policy: RetirementPolicy, is_top_level: bool) -> Outcome:
    """What the policy wants at the limit of votes without agreement."""
    return _follow(policy.at_no_consensus, is_top_level, Outcome.RETIRE_NO_CONSENSUS)


def _are_many(none_of_the_above_votes: int, policy: RetirementPolicy) -> bool:
    limit = policy.none_of_the_above_votes
    return limit is not None and none_of_the_above_votes >= limit


def _follow(otherwise: Otherwise, is_top_level: bool, retired: Outcome) -> Outcome:
    """What the policy wants, where moving up from the top is to retire."""
    if otherwise == Otherwise.KEEP:
        return Outcome.MORE_VOTES
    if otherwise == Otherwise.TO_REVIEWER:
        return Outcome.TO_REVIEWER
    if otherwise == Otherwise.MOVE_UP and not is_top_level:
        return Outcome.MOVE_UP
    return retired


def _is_waste(policy: RetirementPolicy, agreement: Agreement, average_skill: Matrix | None) -> bool:
    if policy.stopping is None or average_skill is None:
        return False
    return not is_worth_asking(agreement.by_class, average_skill, policy.stopping)
