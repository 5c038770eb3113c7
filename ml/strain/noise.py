"""Detector noise: an Advanced-LIGO-like spectrum, noise coloured like it, and whitening.

Strain is real, sampled at ``SAMPLE_RATE``; spectra are one-sided amplitude spectral densities
(ASD) in 1/sqrt(Hz) on the grid of ``numpy.fft.rfftfreq``.
"""

import functools

import numpy as np
import numpy.typing as npt
from scipy import fft
from scipy.ndimage import uniform_filter1d

Array = npt.NDArray[np.float64]

# The pictures reach 2,048 Hz; the widest tile there, (1 + sqrt(11) / 5.7) times as high, still
# lies below half of this rate. One rate for all classes, lest an empty band betray a class.
SAMPLE_RATE = 8192  # Hz
FLAT_BELOW = 10.0  # Hz
SMOOTHED_BINS = 9


def design_asd(frequencies: Array) -> Array:
    """ASD of Advanced LIGO at ``frequencies`` (Hz), any shape.

    The fit of Sathyaprakash and Schutz, Living Reviews in Relativity 12 (2009) 2, table 1. Held
    constant below 10 Hz: the seismic wall would rise there by orders of magnitude, and what leaks
    from it in whitening would drown everything up to some hundred hertz.
    """
    x = np.maximum(frequencies, FLAT_BELOW) / 215.0
    psd = 1e-49 * (x**-4.14 - 5 * x**-2 + 111 * (1 - x**2 + x**4 / 2) / (1 + x**2 / 2))
    return np.sqrt(psd)


@functools.lru_cache(maxsize=8)
def asd_for(samples: int) -> Array:
    """The ASD on the frequencies of a series of ``samples`` points, (samples // 2 + 1,)."""
    asd = design_asd(fft.rfftfreq(samples, 1 / SAMPLE_RATE))
    asd.setflags(write=False)
    return asd


def coloured_noise(samples: int, rng: np.random.Generator) -> Array:
    """Stationary Gaussian strain noise (samples,) with the design ASD."""
    white = fft.rfft(rng.standard_normal(samples))
    # White noise of unit variance has the one-sided density 2 / SAMPLE_RATE.
    return fft.irfft(white * asd_for(samples) * np.sqrt(SAMPLE_RATE / 2), samples)


def as_seen(whitened: Array) -> Array:
    """The strain (n,) that looks like ``whitened`` (n,) once the noise has been whitened."""
    return fft.irfft(fft.rfft(whitened) * asd_for(len(whitened)), len(whitened))


def signal_to_noise(strain: Array) -> float:
    """Optimal signal-to-noise ratio of a strain signal (n,) in noise of the design ASD."""
    spectrum = fft.rfft(strain) / SAMPLE_RATE  # 1/Hz
    step = SAMPLE_RATE / len(strain)  # Hz
    return float(np.sqrt(4 * step * np.sum(np.abs(spectrum / asd_for(len(strain))) ** 2)))


def estimate_asd(strain: Array, segment: int = 2 * SAMPLE_RATE) -> Array:
    """ASD (segment // 2 + 1,) of ``strain`` (n >= segment) from half-overlapping Hann spectra.

    Their median, not the mean: a loud glitch fills a few segments and must not divide itself away.
    """
    starts = range(0, len(strain) - segment + 1, segment // 2)
    window = np.hanning(segment)
    pieces = np.stack([strain[start : start + segment] for start in starts]) * window  # (k, seg)
    power = np.abs(fft.rfft(pieces, axis=1)) ** 2  # (k, segment // 2 + 1)
    density = 2 * np.median(power, axis=0) / (SAMPLE_RATE * np.sum(window**2))
    # Half of an exponential distribution lies below ln 2 of its mean. Smoothed over neighbours (in
    # the logarithm, which suits slopes): scatter from bin to bin would make loud glitches ring.
    return np.exp(uniform_filter1d(np.log(density / np.log(2)) / 2, SMOOTHED_BINS, mode="nearest"))


def whiten(strain: Array) -> Array:
    """``strain`` (n,) over its own estimated ASD: noise alone comes out with unit variance."""
    samples = len(strain)
    asd = estimate_asd(strain)
    grid = fft.rfftfreq(samples, 1 / SAMPLE_RATE)
    coarse = np.linspace(0, SAMPLE_RATE / 2, len(asd))
    # The estimate sags below 10 Hz and at the ends of the band, where windows eat the bins at 0.
    smooth = np.interp(np.maximum(grid, FLAT_BELOW / 2), coarse, asd)
    tapered = strain * _taper(samples)
    return fft.irfft(fft.rfft(tapered) / smooth, samples) * np.sqrt(2 / SAMPLE_RATE)


@functools.lru_cache(maxsize=8)
def _taper(samples: int) -> Array:
    """Ones (samples,) that rise from and fall to 0 over half a second."""
    ramp = np.sin(np.linspace(0, np.pi / 2, SAMPLE_RATE // 2)) ** 2
    taper = np.ones(samples)
    taper[: len(ramp)] = ramp
    taper[-len(ramp) :] = ramp[::-1]
    taper.setflags(write=False)
    return taper
