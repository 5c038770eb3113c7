"""Answers that fade: what is stored grows, what is read shrinks, and both agree by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.crowd.answers import (
    AnswerWeights,
    ClockTooFar,
    count_consensus,
    count_gold,
    faded,
)

WEIGHTS = AnswerWeights(gold=1.0, consensus=0.25, half_life=10.0)


def test_an_answer_on_gold_is_worth_half_after_a_half_life():
    stored = np.zeros((2, 2))
    count_gold(stored, truth=0, voted=1, at=5, weights=WEIGHTS)
    assert faded(stored, 5, WEIGHTS)[0, 1] == pytest.approx(1)
    assert faded(stored, 15, WEIGHTS)[0, 1] == pytest.approx(0.5)
    assert faded(stored, 25, WEIGHTS)[0, 1] == pytest.approx(0.25)


def test_consensus_counts_a_quarter_shared_by_what_the_truth_may_be():
    stored = np.zeros((3, 3))
    count_consensus(stored, np.array([0.8, 0.2, 0.0]), voted=0, at=0, weights=WEIGHTS)
    assert stored.tolist() == [[0.2, 0, 0], [0.05, 0, 0], [0, 0, 0]]


answers = st.lists(
    st.tuples(
        st.integers(0, 2),  # truth
        st.integers(0, 2),  # vote
        st.floats(0, 60),  # time
        st.booleans(),  # on gold
        st.floats(0.4, 1),  # how sure the consensus was
    ),
    min_size=1,
    max_size=20,
)


def posterior_of(truth, gold, sure):
    return (
        np.eye(3)[truth]
        if gold
        else np.full(3, (1 - sure) / 2) + np.eye(3)[truth] * (sure - (1 - sure) / 2)
    )


@given(answers)
def test_one_by_one_equals_the_definition(history):
    one_by_one, expected = np.zeros((3, 3)), np.zeros((3, 3))
    for truth, voted, at, gold, sure in history:
        posterior = posterior_of(truth, gold, sure)
        if gold:
            count_gold(one_by_one, truth, voted, at, WEIGHTS)
        else:
            count_consensus(one_by_one, posterior, voted, at, WEIGHTS)
        expected[:, voted] += (1 if gold else 0.25) * posterior * 0.5 ** ((60 - at) / 10)
    assert faded(one_by_one, 60, WEIGHTS) == pytest.approx(expected)


def test_without_a_half_life_nothing_fades():
    stored = np.zeros((2, 2))
    count_gold(stored, 1, 1, at=3, weights=AnswerWeights(half_life=np.inf))
    assert faded(stored, 1e6, AnswerWeights(half_life=np.inf))[1, 1] == 1


def test_a_clock_that_starts_too_early_is_refused_before_the_numbers_overflow():
    with pytest.raises(ClockTooFar, match="start the clock later"):
        count_gold(np.zeros((2, 2)), 0, 0, at=10_001, weights=WEIGHTS)


@pytest.mark.parametrize("key", ["gold", "consensus", "half_life"])
def test_weights_are_above_zero(key):
    with pytest.raises(ValueError, match=f"{key}: must be above 0"):
        AnswerWeights(**{key: 0})
