"""Votes without an account: they inform the agreement and do not settle a glitch by themselves."""

from ml.crowd.retirement import Outcome, RetireReason

# What an expert will look at is not settled yet.
OPEN_TO_EXPERTS = {None, RetireReason.CLASSIFICATION_COUNT}


def unless_alone(outcome: Outcome, *, alone: bool, at_limit: Outcome | None) -> Outcome:
    """The outcome of a policy where perhaps nobody with an account has voted yet.

    One voter may hide behind many sessions: so such votes alone end in no label. The glitch waits
    for a vote of somebody known, and at the limit of votes goes the way of those without consensus.

    Args:
        alone: every vote so far was cast without an account.
        at_limit: what the policy wants without consensus (``retirement.no_consensus``), where the
            glitch has as many votes as it allows; else None.

    >>> unless_alone(Outcome.RETIRE_CONSENSUS, alone=True, at_limit=None)
    <Outcome.MORE_VOTES: 'more_votes'>
    >>> unless_alone(Outcome.RETIRE_CONSENSUS, alone=False, at_limit=None)
    <Outcome.RETIRE_CONSENSUS: 'retire_consensus'>
    """
    if not alone or outcome.reason in OPEN_TO_EXPERTS:
        return outcome
    return at_limit or Outcome.MORE_VOTES
