"""Votes without an account: they inform the agreement and do not settle a glitch by themselves."""

from ml.crowd.retirement import Outcome, RetireReason

# What an expert will look at is not settled yet.
OPEN_TO_EXPERTS = {None, RetireReason.CLASSIFICATION_COUNT}


def unless_alone(outcome: Outcome, *, alone: bool, at_limit: bool) -> Outcome:
    """The outcome of a policy where perhaps nobody with an account has voted yet.

    One voter may hide behind many sessions: so such votes alone end in no label. The glitch waits
    for a vote of somebody known, and at the limit of votes for an expert.

    Args:
        alone: every vote so far was cast without an account.
        at_limit: the glitch has as many votes as its policy allows.

    >>> unless_alone(Outcome.RETIRE_CONSENSUS, alone=True, at_limit=False)
    <Outcome.MORE_VOTES: 'more_votes'>
    >>> unless_alone(Outcome.RETIRE_CONSENSUS, alone=False, at_limit=False)
    <Outcome.RETIRE_CONSENSUS: 'retire_consensus'>
    """
    if not alone or outcome.reason in OPEN_TO_EXPERTS:
        return outcome
    return Outcome.TO_REVIEWER if at_limit else Outcome.MORE_VOTES
