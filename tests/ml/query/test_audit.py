"""Shares from glitches drawn with known probabilities."""

import numpy as np
import pytest

from ml.crowd.interval import accuracy_interval
from ml.query.audit import estimate_share


def test_with_one_probability_it_is_the_plain_share():
    found = estimate_share([True, False, False, True], [0.05] * 4)
    assert (found.count, found.share) == (4, 0.5)
    assert (found.low, found.high) == accuracy_interval(2, 4)


def test_who_was_drawn_rarely_stands_for_more():
    """One drawn at 1/10 stands for ten, one at 1/2 for two: 10 of 12, as if there were 1.38."""
    found = estimate_share([True, False], [0.1, 0.5])
    assert found.share == pytest.approx(10 / 12)
    effective = 12**2 / (100 + 4)
    assert (found.low, found.high) == accuracy_interval(10 / 12 * effective, effective)


def test_nothing_audited_says_nothing():
    assert estimate_share([], []).share is None


def test_the_interval_holds_the_truth_as_often_as_it_says():
    """400 collections, 10 % wrong, a fifth of each audited more often: 90 %, within 3.5."""
    rng = np.random.default_rng(5)
    probabilities = np.where(np.arange(2000) < 400, 0.2, 0.05)
    wrong = rng.random(2000) < 0.1
    inside = 0
    for _ in range(400):
        drawn = rng.random(2000) < probabilities
        found = estimate_share(wrong[drawn].tolist(), probabilities[drawn].tolist())
        inside += found.low <= wrong.mean() <= found.high
    assert inside / 400 == pytest.approx(0.9, abs=0.035)
