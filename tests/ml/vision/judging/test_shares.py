import pytest
from scipy.stats import binomtest

from ml.vision.judging.shares import exact_interval, share_interval


@pytest.mark.parametrize(("hits", "of"), [(0, 3), (4, 4), (9, 10), (50, 200)])
def test_the_interval_is_wilsons(hits, of):
    expected = binomtest(hits, of).proportion_ci(0.95, method="wilson")
    assert share_interval(hits, of) == pytest.approx((expected.low, expected.high))


@pytest.mark.parametrize(("hits", "of"), [(1, 1), (0, 3), (4, 4), (9, 10), (50, 200)])
def test_the_exact_interval_is_clopper_and_pearsons(hits, of):
    expected = binomtest(hits, of).proportion_ci(0.95, method="exact")
    assert exact_interval(hits, of) == pytest.approx((expected.low, expected.high))


def test_nothing_seen_is_nothing_known():
    assert share_interval(0, 0) == exact_interval(0, 0) == (0.0, 1.0)
