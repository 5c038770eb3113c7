import numpy as np
import pytest

from ml.vision.evaluate import expected_calibration_error
from ml.vision.judging.bins import bin_of
from ml.vision.judging.intervals import bootstrap, interval, interval_of_error


@pytest.mark.parametrize(
    ("values", "measured", "expected"),
    [
        ([0.04, 0.06, 0.08], 0.05, (0.03, 0.07)),  # .01 too high on average
        ([0.05, 0.06, 0.07], 0.06, (0.05, 0.07)),  # as it is
        ([0.04, 0.08, 0.12], 0.03, (0.0, 0.07)),  # an error is never negative
    ],
)
def test_resamples_of_an_error_are_moved_down_by_their_bias(values, measured, expected):
    found = interval_of_error(np.array(values), measured, mass=1.0)
    assert found == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("seed", range(10))
def test_the_error_lies_within_its_own_interval(seed):
    """300 answers that are right as often as they are held to be."""
    rng = np.random.default_rng(seed)
    confidence = rng.uniform(0.5, 1.0, 300)
    right = rng.random(300) < confidence
    gaps, bins = confidence - right, bin_of(confidence)
    error = {"ece": lambda drawn: np.abs(np.bincount(bins[drawn], gaps[drawn])).sum() / len(drawn)}
    drawn = bootstrap(error, 300)["ece"]
    measured = expected_calibration_error(confidence, right)
    low, high = interval_of_error(drawn, measured)
    assert low <= measured <= high
    assert low < interval(drawn)[0]  # which lies too high
