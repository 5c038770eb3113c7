"""Noise: its colour, the scale of signals in it, and whitening that a loud glitch does not move."""

import numpy as np
import pytest

from ml.strain.noise import (
    SAMPLE_RATE,
    as_seen,
    asd_for,
    coloured_noise,
    design_asd,
    estimate_asd,
    signal_to_noise,
    whiten,
)

SAMPLES = 16 * SAMPLE_RATE


def test_asd_by_hand_at_the_reference_frequency() -> None:
    # x = 1: 1e-49 (1 - 5 + 111 (1 - 1 + 1/2) / (1 + 1/2)) = 33e-49
    assert design_asd(np.array([215.0]))[0] == pytest.approx(np.sqrt(33e-49))


def test_asd_is_least_around_two_hundred_hertz() -> None:
    frequencies = np.arange(10.0, 4096.0)
    assert 150 < frequencies[design_asd(frequencies).argmin()] < 350
    low, high = design_asd(np.array([12.0, 2000.0])) / design_asd(np.array([215.0]))
    assert low > 50
    assert 5 < high < 20


def test_asd_is_constant_below_ten_hertz() -> None:
    assert np.ptp(design_asd(np.array([0.0, 1.0, 5.0, 10.0]))) == 0


def test_noise_has_the_design_asd() -> None:
    measured = estimate_asd(coloured_noise(SAMPLES, np.random.default_rng(1)))
    frequencies = np.linspace(0, SAMPLE_RATE / 2, len(measured))
    band = (frequencies > 15) & (frequencies < 4000)
    ratio = measured[band] / design_asd(frequencies[band])
    assert 0.95 < np.median(ratio) < 1.05
    assert ratio.min() > 0.6
    assert ratio.max() < 1.5


def test_signal_to_noise_of_whitened_samples_is_their_length() -> None:
    # In white noise of unit variance the optimal ratio is sqrt(sum of squares).
    seen = np.zeros(SAMPLES)
    seen[1000:1400] = np.hanning(400) * np.sin(np.arange(400))
    strain = as_seen(seen) / np.sqrt(2 / SAMPLE_RATE)
    assert signal_to_noise(strain) == pytest.approx(np.sqrt(np.sum(seen**2)), rel=1e-3)
    assert signal_to_noise(3 * strain) == pytest.approx(3 * signal_to_noise(strain))


def test_whitened_noise_has_unit_variance() -> None:
    white = whiten(coloured_noise(SAMPLES, np.random.default_rng(2)))
    assert white[SAMPLE_RATE:-SAMPLE_RATE].std() == pytest.approx(1, abs=0.03)


def test_a_loud_glitch_does_not_whiten_itself_away() -> None:
    rng = np.random.default_rng(3)
    noise = coloured_noise(SAMPLES, rng)
    burst = np.zeros(SAMPLES)
    middle = slice(SAMPLES // 2 - 200, SAMPLES // 2 + 200)
    burst[middle] = np.hanning(400) * np.sin(np.arange(400) * 2 * np.pi * 150 / SAMPLE_RATE)
    burst *= 1000 / signal_to_noise(burst)
    quiet, loud = whiten(noise), whiten(noise + burst)
    assert np.sqrt(np.sum((loud - quiet)[middle] ** 2)) == pytest.approx(1000, rel=0.1)
    assert loud[SAMPLE_RATE : SAMPLES // 4].std() == pytest.approx(1, abs=0.1)


def test_shared_spectra_cannot_be_written_to() -> None:
    with pytest.raises(ValueError, match="read-only"):
        asd_for(1024)[0] = 1
