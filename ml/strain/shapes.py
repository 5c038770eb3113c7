"""Building blocks of glitches: bursts, tones, sweeps. Each a strain (SAMPLES,) of arbitrary size.

Time runs over ``TIME``, in seconds from the event. Frequencies are in hertz.
"""

import numpy as np
from scipy import fft

from ml.strain.noise import SAMPLE_RATE, Array, as_seen, signal_to_noise

Rng = np.random.Generator
Glitch = tuple[Array, float]  # strain (SAMPLES,), signal-to-noise ratio

WINDOW = 8.0  # seconds
SAMPLES = int(WINDOW * SAMPLE_RATE)
TIME: Array = (np.arange(SAMPLES) - SAMPLES // 2) / SAMPLE_RATE
_GRID: Array = fft.rfftfreq(SAMPLES, 1 / SAMPLE_RATE)
LOWEST = 8.0  # Hz


def log_burst(f0: float, gamma: float, rng: Rng, at: float = 0.0) -> Array:
    """h(f) = exp(i phi) exp(-gamma / 2 ln^2(f / f0)) exp(-2 pi i f t): a blip, a tomte, a koi fish.

    ``f0`` centres it, ``gamma`` narrows it, the phase is drawn.
    """
    spectrum = np.zeros(len(_GRID), complex)
    above = _GRID >= LOWEST
    f = _GRID[above]
    phase = rng.uniform(0, 2 * np.pi) - 2 * np.pi * f * (at + WINDOW / 2)
    spectrum[above] = np.exp(-gamma / 2 * np.log(f / f0) ** 2 + 1j * phase)
    return fft.irfft(spectrum, SAMPLES)


def pulse(f: float, width: float, rng: Rng, at: float = 0.0) -> Array:
    """A tone ``f`` under a Gaussian of standard deviation ``width`` seconds."""
    since = TIME - at
    tone = np.cos(2 * np.pi * f * since + rng.uniform(0, 2 * np.pi))
    return np.exp(-0.5 * (since / width) ** 2) * tone


def sweep(frequency: Array, amplitude: Array, rng: Rng) -> Array:
    """A tone whose frequency and amplitude, both (SAMPLES,), change with time."""
    phase = 2 * np.pi * np.cumsum(frequency) / SAMPLE_RATE + rng.uniform(0, 2 * np.pi)
    return amplitude * np.sin(phase)


def plateau(length: float, rise: float, at: float = 0.0) -> Array:
    """1 for ``length`` seconds around ``at``, with flanks of ``rise`` seconds, else 0."""
    edge = (length / 2 - np.abs(TIME - at)) / rise
    return np.asarray(np.sin(np.clip(edge, 0, 1) * np.pi / 2) ** 2)


def band_noise(low: float, high: float, envelope: Array, rng: Rng) -> Array:
    """Noise of even loudness in the picture between two frequencies, under ``envelope``."""
    spectrum = fft.rfft(rng.standard_normal(SAMPLES))
    outside = np.abs(_GRID - (low + high) / 2) > (high - low) / 2
    spectrum[outside] = 0
    return as_seen(fft.irfft(spectrum, SAMPLES) * envelope)


def unit(strain: Array) -> Array:
    """``strain`` scaled to the signal-to-noise ratio 1, so that parts can be mixed by loudness."""
    return strain / signal_to_noise(strain)


def flicker(rate: float, depth: float, rng: Rng) -> Array:
    """A positive random modulation (SAMPLES,) around 1 that changes ``rate`` times a second."""
    knots = np.arange(0, WINDOW + 2 / rate, 1 / rate)
    levels = np.exp(depth * rng.standard_normal(len(knots)))
    return np.interp(TIME + WINDOW / 2, knots, levels)


def between(rng: Rng, low: float, median: float, high: float) -> float:
    """A draw whose 5th, 50th and 95th percentile are given: log-normal with two widths, cut."""
    z = float(np.clip(rng.standard_normal(), -2.0, 2.0))
    side = high / median if z > 0 else median / low
    return float(median * side ** (z / 1.645))
