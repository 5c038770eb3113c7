import numpy as np
import pytest

from ml.vision.judging.drift import divergence, measure_shift, stability_index


def test_divergence_and_stability_by_hand():
    half, skewed = np.array([50, 50]), np.array([90, 10])
    # M = (.7, .3): H(M) = .8813, H(.9, .1) = .4690, H(.5, .5) = 1; .8813 - .7345 = .1468
    assert divergence(half, skewed) == pytest.approx(0.1468, abs=1e-4)
    assert stability_index(half, skewed) == pytest.approx(0.4 * np.log(1.8) + 0.4 * np.log(5))
    assert stability_index(half, half) == 0.0


@pytest.mark.parametrize(
    ("week", "before", "is_drift"),
    [
        ([60, 40], [240, 160], False),  # constant shares
        ([100, 0], [400, 0], False),  # one class only, always
        ([66, 34], [240, 160], False),  # what chance brings
        ([20, 80], [240, 160], True),  # turned around
        ([60, 40, 60], [240, 160, 0], True),  # a kind that was never there
        ([5200, 4800], [20000, 20000], False),  # surely not chance, and too small to matter
    ],
)
def test_shifts(week, before, is_drift):
    shift = measure_shift(np.array(week), np.array(before))
    assert shift.is_drift is is_drift


def test_constant_data_has_p_of_one():
    assert measure_shift(np.array([60, 40]), np.array([240, 160])).p == 1.0


def test_drawn_from_one_distribution_no_alarm_in_200_weeks():
    rng = np.random.default_rng(0)
    shares = [0.5, 0.3, 0.15, 0.05]
    weeks = rng.multinomial(150, shares, size=200)
    before = rng.multinomial(600, shares, size=200)
    alarms = [measure_shift(w, b).is_drift for w, b in zip(weeks, before, strict=True)]
    assert sum(alarms) == 0


def test_too_few_glitches_say_nothing():
    assert measure_shift(np.array([20, 29]), np.array([500, 500])) is None
