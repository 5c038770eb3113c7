"""Uncertainty of rows that a reader can check by hand."""

import numpy as np
import pytest

from ml.query.uncertainty import (
    MEASURES,
    entropy,
    joint_uncertainty,
    least_confidence,
    margin,
)

ROWS = np.array([[1.0, 0.0, 0.0, 0.0], [0.5, 0.5, 0.0, 0.0], [0.25, 0.25, 0.25, 0.25]])


@pytest.mark.parametrize(
    ("measure", "expected"),
    [
        (entropy, [0.0, 0.5, 1.0]),  # 0, log 2 and log 4 of log 4
        (margin, [0.0, 1.0, 1.0]),
        (least_confidence, [0.0, 2 / 3, 1.0]),  # (0, 1/2, 3/4) times 4/3
    ],
)
def test_each_measure_goes_from_certain_to_even(measure, expected):
    assert measure(ROWS) == pytest.approx(expected)


@pytest.mark.parametrize("name", MEASURES)
def test_no_measure_leaves_its_range(name):
    rows = np.random.default_rng(0).dirichlet(np.full(22, 0.3), size=200)
    found = MEASURES[name](rows)
    assert found.min() >= 0
    assert found.max() <= 1


def test_what_only_one_of_the_two_doubts_is_worth_less():
    classifier = np.array([[0.5, 0.5], [0.5, 0.5], [0.75, 0.25]])
    crowd = np.array([[0.5, 0.5], [1.0, 0.0], [0.75, 0.25]])
    found = joint_uncertainty(least_confidence, classifier, crowd)
    assert found == pytest.approx([1.0, 0.0, 0.5])
