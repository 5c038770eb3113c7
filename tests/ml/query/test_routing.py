"""Expected information of a vote, on matrices of two and three classes."""

import numpy as np
import pytest

from ml.query.routing import advantage, information

EVEN, SURE = [0.5, 0.5], [1.0, 0.0]


def binary_entropy(p):
    return -p * np.log(p) - (1 - p) * np.log(1 - p)


@pytest.mark.parametrize(
    ("posterior", "confusion", "expected"),
    [
        (EVEN, [[1, 0], [0, 1]], np.log(2)),  # who is always right tells all
        (EVEN, [[0, 1], [1, 0]], np.log(2)),  # and so does who is always wrong
        (EVEN, [[0.7, 0.3], [0.7, 0.3]], 0.0),  # who votes by habit tells nothing
        (SURE, [[0.9, 0.1], [0.1, 0.9]], 0.0),  # what is known cannot be learned
        (EVEN, [[0.8, 0.2], [0.2, 0.8]], np.log(2) - binary_entropy(0.2)),  # a noisy wire
    ],
)
def test_the_information_of_a_vote(posterior, confusion, expected):
    found = information(np.array([posterior]), np.array(confusion, dtype=float))
    assert found == pytest.approx([expected], abs=1e-12)


def test_each_has_the_advantage_where_he_or_she_knows_more():
    """One volunteer tells class 0 from 1, the average one guesses; neither tells 1 from 2."""
    knows = np.array([[1.0, 0.0, 0.0], [0.0, 0.5, 0.5], [0.0, 0.5, 0.5]])
    guesses = np.full((3, 3), 1 / 3)
    posteriors = np.array([[0.5, 0.5, 0.0], [0.0, 0.5, 0.5], [0.9, 0.1, 0.0]])
    found = advantage(posteriors, knows, guesses)
    assert found == pytest.approx([np.log(2), 0.0, binary_entropy(0.1)])
    assert advantage(posteriors, guesses, knows) == pytest.approx(-found)
