"""Skills: small matrices that a reader can check by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ml.crowd.skill import SkillPrior, confusion_matrix, overall_accuracy, restrict_to_offered


@pytest.mark.parametrize(
    ("correct", "seen", "expected"),
    [(0, 0, 0.75), (1, 1, 0.8), (0, 1, 0.6), (96, 96, 0.99)],
)
def test_accuracy_is_shrunk_to_the_crowds(correct, seen, expected):
    assert overall_accuracy(correct, seen) == pytest.approx(expected)


def test_a_newcomer_has_the_priors_matrix():
    matrix = confusion_matrix(np.zeros((3, 3)), SkillPrior(accuracy=0.8))
    assert matrix == pytest.approx(np.array([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8]]))


def test_one_lucky_answer_proves_little():
    counts = np.zeros((4, 4))
    counts[0, 0] = 1
    lucky = confusion_matrix(counts)
    newcomer = confusion_matrix(np.zeros((4, 4)))
    assert newcomer[0, 0] < lucky[0, 0] < 0.85


def test_who_answers_at_random_is_worth_no_less_than_chance():
    counts = np.full((2, 2), 50.0)
    counts[0, 0] = counts[1, 1] = 0  # always wrong
    assert confusion_matrix(counts)[0, 0] < 0.1  # and yet a right answer is possible
    assert confusion_matrix(counts).min() > 0


@given(arrays(np.float64, (4, 4), elements=st.integers(0, 1000).map(float)))
def test_every_row_is_a_distribution(counts):
    matrix = confusion_matrix(counts)
    assert np.all(matrix > 0)
    assert matrix.sum(axis=1) == pytest.approx(np.ones(4))


def test_a_class_not_offered_should_get_none_of_the_above():
    #            Blip Whistle None
    confusion = np.array([[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.05, 0.05, 0.9]])
    offered = np.array([True, False, True])
    restricted = restrict_to_offered(confusion, offered, none_of_the_above=2)
    assert restricted[0] == pytest.approx([0.8 / 0.9, 0, 0.1 / 0.9])
    assert restricted[1] == pytest.approx([0.05 / 0.95, 0, 0.9 / 0.95])
