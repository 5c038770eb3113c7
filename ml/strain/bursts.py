"""Classes made of bursts: short, broad in frequency, alone or in rows.

Each function draws a waveform as :mod:`ml.strain.waveforms` says.
"""

import numpy as np

from ml.strain.shapes import (
    SAMPLES,
    TIME,
    Glitch,
    Rng,
    band_noise,
    between,
    flicker,
    log_burst,
    plateau,
    pulse,
    unit,
)


def blip(rng: Rng) -> Glitch:
    """A teardrop of a few milliseconds, 30 to some hundred hertz."""
    f0, gamma = between(rng, 30, 70, 220), between(rng, 0.35, 0.69, 2.5)
    return log_burst(f0, gamma, rng), between(rng, 9, 19, 60)


def blip_low_frequency(rng: Rng) -> Glitch:
    """A blip that stays below about 64 Hz."""
    f0, gamma = between(rng, 12, 20, 48), between(rng, 0.9, 2.3, 6.5)
    return log_burst(f0, gamma, rng), between(rng, 7.5, 10, 36)


def koi_fish(rng: Rng) -> Glitch:
    """A loud blip with a broad head at low frequency, fins beside it and a plume above."""
    f0, gamma = between(rng, 14, 26, 80), between(rng, 0.5, 1.1, 3.0)
    strain = unit(log_burst(f0, gamma, rng))
    for _ in range(rng.integers(1, 3)):
        at, f, width = rng.uniform(0.02, 0.15), rng.uniform(18, 50), rng.uniform(0.015, 0.05)
        for side in (-1, 1):  # fins are paired, though one may be too faint to show
            fin = pulse(f * rng.uniform(0.9, 1.1), width, rng, side * at * rng.uniform(0.85, 1.15))
            strain += rng.uniform(0.01, 0.1) * unit(fin)
    return strain, between(rng, 40, 126, 600)


def tomte(rng: Rng) -> Glitch:
    """A short triangle: broad at 20 Hz, pointed at 60 to 150 Hz."""
    f0, gamma = between(rng, 12, 16, 24), between(rng, 1.5, 2.2, 4.5)
    return log_burst(f0, gamma, rng), between(rng, 10, 18, 45)


def repeating_blips(rng: Rng) -> Glitch:
    """Two to five blips, a quarter or half a second apart."""
    spacing = rng.choice([0.25, 0.5], p=[0.4, 0.6]) * rng.uniform(0.92, 1.08)
    count = int(rng.integers(2, 6))
    first = int(rng.integers(0, count))
    f0, gamma = between(rng, 50, 100, 220), between(rng, 0.4, 0.8, 2.0)
    strain = np.zeros(SAMPLES)
    for number in range(count):
        at = (number - first) * spacing + rng.normal(0, 0.008) * (number != first)
        strain += rng.uniform(0.55, 1.0) * unit(log_burst(f0, gamma, rng, at))
    return strain, between(rng, 18, 30, 70)


def low_frequency_burst(rng: Rng) -> Glitch:
    """A mound at the foot of the picture, below about 30 Hz, a tenth to half a second wide."""
    width = between(rng, 0.04, 0.08, 0.18)
    envelope = np.exp(-0.5 * (TIME / width) ** 2)
    high = rng.uniform(13, 22)
    strain = unit(band_noise(10, high, envelope, rng))
    strain += rng.uniform(0.5, 1.5) * unit(pulse(rng.uniform(10.5, 16), width, rng))
    return strain, between(rng, 9, 15, 36)


def scratchy(rng: Rng) -> Glitch:
    """Scores of weak mid-frequency bursts in a row, like scratches on glass."""
    f, spacing = between(rng, 90, 150, 280), rng.uniform(0.03, 0.08)
    envelope = plateau(rng.uniform(1.0, 4.0), 0.5, rng.normal(0, 0.3)) * flicker(4, 0.5, rng)
    strain = np.zeros(SAMPLES)
    for number in range(-int(2.2 / spacing), int(2.2 / spacing) + 1):
        at = (number + rng.uniform(-0.35, 0.35) * bool(number)) * spacing
        burst = pulse(f * rng.uniform(0.85, 1.15), rng.uniform(0.004, 0.009), rng, at)
        strain += envelope[int((at + 4) / 8 * SAMPLES)] * rng.uniform(0.4, 1.0) * unit(burst)
    return strain, between(rng, 20, 29, 55)


def helix(rng: Rng) -> Glitch:
    """A short stack of mid-frequency blobs that twist about the event."""
    strain = np.zeros(SAMPLES)
    for f in between(rng, 60, 75, 110) * np.array([1.0, 1.33, 1.7, 2.1]):
        at = rng.normal(0, 0.012)
        strain += rng.uniform(0.3, 1.0) * unit(pulse(f, rng.uniform(0.012, 0.025), rng, at))
    return strain, between(rng, 10, 15, 30)


def light_modulation(rng: Rng) -> Glitch:
    """A broadband spike or several, with low-frequency rumble in their wake."""
    strain = unit(log_burst(between(rng, 60, 100, 200), 0.35, rng))
    for _ in range(rng.integers(0, 4)):
        spike = log_burst(rng.uniform(40, 120), 0.5, rng, rng.uniform(-0.3, 0.9))
        strain += rng.uniform(0.1, 0.5) * unit(spike)
    length = rng.uniform(0.4, 1.6)
    rumbling = plateau(length, 0.25, length / 2) * flicker(6, 0.7, rng)
    rumble = band_noise(10, rng.uniform(28, 60), rumbling, rng)
    return strain + rng.uniform(0.2, 0.6) * unit(rumble), between(rng, 45, 90, 250)


def extremely_loud(rng: Rng) -> Glitch:
    """So loud that the picture saturates for half a second and over most of the band."""
    width = between(rng, 0.1, 0.2, 0.45)
    strain = rng.uniform(0.3, 1) * unit(log_burst(between(rng, 20, 40, 120), 0.4, rng))
    for low in 10 * 2.0 ** np.arange(6):  # the higher, the shorter and weaker: a dome
        octave = band_noise(low, 2 * low, np.exp(-((TIME / width) ** 2)), rng)
        strain += 20 / low * unit(octave)
        width *= 0.85
    return strain, between(rng, 600, 1500, 6000)


def pizzicato(rng: Rng) -> Glitch:
    """Saucers of a twentieth of a second at 500 and 1,000 Hz: plucked suspension fibres."""
    strain = np.zeros(SAMPLES)
    for n in (1, 2):
        f, width = rng.uniform(500, 512) * n, rng.uniform(0.012, 0.022)
        strain += rng.uniform(0.6, 1) * unit(pulse(f, width, rng))
        strain += rng.uniform(0.2, 0.5) * unit(pulse(f, width / 4, rng))
    return strain, between(rng, 14, 22, 45)


def violin_mode(rng: Rng) -> Glitch:
    """Short dots at the resonances of the suspension fibres, near multiples of 500 Hz."""
    strain = np.zeros(SAMPLES)
    base = rng.uniform(494, 514)
    harmonics = [n for n in (1, 2, 3) if rng.random() < 0.75] or [1]
    times = [0.0, *rng.uniform(-0.9, 0.9, rng.integers(0, 4))]
    for at in times:
        loudness = 1.0 if at == 0.0 else rng.uniform(0.3, 0.9)
        for n in harmonics:
            dot = pulse(base * n * rng.uniform(0.985, 1.0), rng.uniform(0.006, 0.025), rng, at)
            strain += loudness * rng.uniform(0.5, 1.0) * unit(dot)
    return strain, between(rng, 15, 24, 50)


def high_frequency_burst(rng: Rng) -> Glitch:
    """A blip far up, above 700 Hz."""
    f = rng.uniform(900, 1800)
    return pulse(f, rng.uniform(0.0008, 0.002), rng), between(rng, 8.5, 11, 20)
