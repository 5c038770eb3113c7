"""The interval of an accuracy, against values that can be worked out by hand."""

import pytest

from ml.crowd.interval import accuracy_interval


@pytest.mark.parametrize(
    ("right", "seen", "low", "high"),
    [
        (0, 0, 0.05, 0.95),  # Beta(1, 1) is uniform
        (1, 1, 0.05**0.5, 0.95**0.5),  # Beta(2, 1): P(accuracy < x) = x²
        (0, 1, 1 - 0.95**0.5, 1 - 0.05**0.5),  # its mirror image
        (9, 9, 0.05**0.1, 0.95**0.1),  # Beta(10, 1): x¹⁰
    ],
)
def test_intervals(right, seen, low, high):
    assert accuracy_interval(right, seen) == pytest.approx((low, high), abs=1e-9)


def test_it_narrows_with_answers():
    few, many = accuracy_interval(4, 5), accuracy_interval(80, 100)
    assert few[0] < many[0] < 0.8 < many[1] < few[1]
