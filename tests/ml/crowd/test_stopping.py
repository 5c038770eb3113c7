import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.crowd.stopping import Stopping, expected_gain, is_worth_asking

SKILLED = np.array([[0.8, 0.2], [0.2, 0.8]])


@pytest.mark.parametrize(
    ("first", "votes", "gain"),
    [
        # says 0: max(.5 x .8, .5 x .2) = .4, says 1 likewise: .8 - .5
        (0.5, 1, 0.3),
        # says 0: .7 x .8 = .56; says 1: max(.7 x .2, .3 x .8) = .24: .8 - .7
        (0.7, 1, 0.1),
        # says 1: max(.9 x .2, .1 x .8) = .18: one vote cannot turn it
        (0.9, 1, 0.0),
        # both say 1: max(.9 x .04, .1 x .64) = .064 against .036: two votes can
        (0.9, 2, 0.028),
    ],
)
def test_the_gain_of_more_votes(first, votes, gain):
    posterior = np.array([first, 1 - first])
    assert expected_gain(posterior, SKILLED, votes) == pytest.approx(gain)


@given(st.floats(0.01, 0.99), st.integers(1, 3))
def test_votes_never_cost_accuracy_and_more_of_them_gain_no_less(first, votes):
    posterior = np.array([first, 1 - first])
    gains = [expected_gain(posterior, SKILLED, n) for n in (votes, votes + 1)]
    assert -1e-12 <= gains[0] <= gains[1] + 1e-12


def test_stopping_looks_further_than_one_vote():
    posterior = np.array([0.9, 0.1])
    assert not is_worth_asking(posterior, SKILLED, Stopping(cost=0.01, horizon=1))
    assert is_worth_asking(posterior, SKILLED, Stopping(cost=0.01, horizon=2))  # .028 / 2
    assert not is_worth_asking(posterior, SKILLED, Stopping(cost=0.02, horizon=2))


def test_volunteers_who_guess_are_not_worth_asking():
    assert not is_worth_asking(np.array([0.5, 0.5]), np.full((2, 2), 0.5), Stopping())
