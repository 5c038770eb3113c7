"""Votes without an account: the whole table of what they may bring about."""

import pytest

from ml.crowd.retirement import Outcome
from ml.crowd.visitors import unless_alone

MORE, UP, EXPERT = Outcome.MORE_VOTES, Outcome.MOVE_UP, Outcome.TO_REVIEWER


@pytest.mark.parametrize(
    ("outcome", "below_limit", "at_limit"),
    [
        (Outcome.RETIRE_CONSENSUS, MORE, UP),
        (Outcome.RETIRE_NOTHING_HERE, MORE, UP),
        (Outcome.RETIRE_NOT_WORTH_A_VOTE, MORE, UP),
        # These settle no label: they stay what they are.
        (Outcome.RETIRE_NO_CONSENSUS, Outcome.RETIRE_NO_CONSENSUS, Outcome.RETIRE_NO_CONSENSUS),
        (EXPERT, EXPERT, EXPERT),
        (UP, UP, UP),
        (MORE, MORE, MORE),
    ],
)
def test_alone_they_settle_no_label(outcome, below_limit, at_limit):
    assert unless_alone(outcome, alone=True, at_limit=None) == below_limit
    assert unless_alone(outcome, alone=True, at_limit=UP) == at_limit
    assert unless_alone(outcome, alone=False, at_limit=UP) == outcome
