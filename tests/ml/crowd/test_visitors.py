"""Votes without an account: the whole table of what they may bring about."""

import pytest

from ml.crowd.retirement import Outcome
from ml.crowd.visitors import unless_alone

MORE, EXPERT = Outcome.MORE_VOTES, Outcome.TO_REVIEWER


@pytest.mark.parametrize(
    ("outcome", "below_limit", "at_limit"),
    [
        (Outcome.RETIRE_CONSENSUS, MORE, EXPERT),
        (Outcome.RETIRE_NOTHING_HERE, MORE, EXPERT),
        (Outcome.RETIRE_NOT_WORTH_A_VOTE, MORE, EXPERT),
        # These settle no label: they stay what they are.
        (Outcome.RETIRE_NO_CONSENSUS, Outcome.RETIRE_NO_CONSENSUS, Outcome.RETIRE_NO_CONSENSUS),
        (EXPERT, EXPERT, EXPERT),
        (Outcome.MOVE_UP, Outcome.MOVE_UP, Outcome.MOVE_UP),
        (MORE, MORE, MORE),
    ],
)
def test_alone_they_settle_no_label(outcome, below_limit, at_limit):
    assert unless_alone(outcome, alone=True, at_limit=False) == below_limit
    assert unless_alone(outcome, alone=True, at_limit=True) == at_limit
    assert unless_alone(outcome, alone=False, at_limit=False) == outcome
