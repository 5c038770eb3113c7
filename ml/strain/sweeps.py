"""Classes made of tones: level, or moving in frequency.

Each function draws a waveform as :mod:`ml.strain.waveforms` says.
"""

import numpy as np

from ml.strain.noise import Array, as_seen
from ml.strain.shapes import (
    SAMPLES,
    TIME,
    Glitch,
    Rng,
    between,
    flicker,
    plateau,
    sweep,
    unit,
)


def scattered_light(rng: Rng) -> Glitch:
    """Slow arches, stacked: light off a swinging mirror, fringe frequency 2 |v| / lambda."""
    period = rng.uniform(1.6, 4.0)  # seconds from rest to rest
    top = between(rng, 14, 20, 34)  # of the lowest arch
    shape = np.clip(np.cos(np.pi * TIME / period), 0, None)
    skew = 1 + rng.normal(0, 0.05) * TIME
    strain = np.zeros(SAMPLES)
    loudness = 1.0
    for harmonic in range(1, int(rng.integers(3, 6))):
        frequency = top * harmonic * shape * skew + 0.1
        part = sweep(frequency, shape**1.5 * flicker(2.0, 0.25, rng), rng)
        strain += loudness * unit(part)
        loudness *= rng.uniform(0.35, 0.85)
    return strain, between(rng, 20, 38, 110)


def fast_scattering(rng: Rng) -> Glitch:
    """A row of short arches at 20 to 50 Hz, about four a second, some missing: a crown."""
    spacing = rng.choice([0.25, 0.34, 0.5], p=[0.72, 0.2, 0.08]) * rng.uniform(0.93, 1.07)
    top = between(rng, 25, 31, 46)
    strain = np.zeros(SAMPLES)
    for number in range(-8, 9):
        near = abs(number) <= rng.integers(1, 3)
        if number and not near and rng.random() < 0.72:
            continue
        at = number * spacing + rng.normal(0, 0.03) * bool(number)
        strain += _arch(top * rng.uniform(0.9, 1.1), spacing, at, rng) * (
            1.0 if number == 0 else rng.uniform(0.3, 0.85)
        )
    return strain, between(rng, 17, 26, 50)


def _arch(top: float, length: float, at: float, rng: Rng) -> Array:
    """One swing of a scatterer, at unit loudness."""
    shape = np.clip(np.cos(np.pi * np.clip((TIME - at) / length, -0.5, 0.5)), 0, None)
    return unit(sweep(top * shape + 0.1, shape**2, rng))


def low_frequency_lines(rng: Rng) -> Glitch:
    """A level streak below 30 Hz for a second or more."""
    f = rng.uniform(11, 24)
    wander = 1 + 0.02 * np.sin(2 * np.pi * TIME / rng.uniform(2, 6) + rng.uniform(0, 6))
    envelope = plateau(rng.uniform(1.2, 4.5), 0.4, rng.normal(0, 0.1)) * flicker(2, 0.2, rng)
    return sweep(f * wander, envelope, rng), between(rng, 22, 34, 75)


def power_line(rng: Rng) -> Glitch:
    """The mains at 60 Hz for a fifth to half a second, sometimes with harmonics."""
    return _hum(60.0, rng)


def air_compressor(rng: Rng) -> Glitch:
    """A machine's hum at 50 Hz, as short as the mains'."""
    return _hum(50.0, rng)


def seventy_hz_line(rng: Rng) -> Glitch:
    """The line at 70 Hz, seen at Livingston in the third run."""
    return _hum(70.0, rng)


def line_589_hz(rng: Rng) -> Glitch:
    """The line at 589 Hz of the fourth run: a level, thin tone that comes and goes in seconds."""
    f = 589.0 * (1 + rng.normal(0, 0.0015))
    envelope = plateau(rng.uniform(0.6, 5.0), rng.uniform(0.2, 0.5), rng.normal(0, 0.1))
    tone = sweep(np.full(SAMPLES, f), envelope * flicker(2, 0.3, rng), rng)
    return as_seen(tone), between(rng, 45, 70, 140)


def _hum(base: float, rng: Rng) -> Glitch:
    f = base * (1 + rng.normal(0, 0.006))
    envelope = plateau(rng.uniform(0.2, 0.6), rng.uniform(0.08, 0.15), rng.normal(0, 0.01))
    strain = unit(sweep(np.full(SAMPLES, f), envelope, rng))
    for harmonic in (2, 3):
        if rng.random() < 0.35:
            tone = sweep(np.full(SAMPLES, f * harmonic), envelope, rng)
            strain += rng.uniform(0.15, 0.5) * unit(tone)
    return strain, between(rng, 8.5, 13, 35)


def ripples_1400(rng: Rng) -> Glitch:
    """A flat ripple of a tenth of a second near 1,400 Hz."""
    f = rng.uniform(1370, 1440)
    envelope = plateau(rng.uniform(0.05, 0.2), 0.03) * flicker(40, 0.5, rng)
    return as_seen(sweep(np.full(SAMPLES, f), envelope, rng)), between(rng, 11, 15, 30)


def lines_1080(rng: Rng) -> Glitch:
    """A dotted line near 1,080 Hz across the whole picture."""
    f = rng.uniform(1060, 1095) * np.ones(SAMPLES)
    envelope = plateau(7.5, 0.4) * np.clip(flicker(30, 0.9, rng) - 0.4, 0, 4)
    return as_seen(sweep(f, envelope, rng)), between(rng, 55, 75, 120)


def wandering_line(rng: Rng) -> Glitch:
    """A thin line that strays slowly about a kilohertz."""
    steps = np.cumsum(rng.standard_normal(SAMPLES // 256 + 2)) * rng.uniform(4, 16)
    stray = np.interp(np.arange(SAMPLES) / 256, np.arange(len(steps)), steps)
    f = np.clip(rng.uniform(700, 1500) + stray - stray[SAMPLES // 2], 300, 1950)
    envelope = plateau(7.5, 0.4) * flicker(8, 0.25, rng)
    return as_seen(sweep(f, envelope, rng)), between(rng, 70, 100, 160)


def whistle(rng: Rng) -> Glitch:
    """A radio beat: a thin V, U or W that falls from 2 kHz and climbs back."""
    bottom = between(rng, 250, 550, 1500)
    span = between(rng, 0.04, 0.12, 0.5)  # seconds to climb by 1 kHz
    bend = rng.uniform(1.0, 2.0)
    away = np.abs(TIME)
    if rng.random() < 0.25:  # a W: the beat passes through zero twice
        away = np.abs(away - rng.uniform(0.5, 1.2) * span)
    f = bottom + 1000 * (np.sqrt((away / span) ** 2 + 0.01) - 0.1) ** bend
    loud = np.where(f < 3000, 1.0, 0.0) * np.exp(-(((f - bottom) / rng.uniform(900, 3000)) ** 2))
    strain = as_seen(sweep(np.minimum(f, 3500), loud * flicker(12 / span**0.5, 0.25, rng), rng))
    return strain, between(rng, 20, 34, 75)


def chirp(rng: Rng) -> Glitch:
    """Two black holes spiralling into each other: slow rise, then a leap, ending at the event."""
    mass = between(rng, 8, 16, 30) * 4.925e-6  # chirp mass in seconds
    left = np.maximum(-TIME, 1e-9)
    rising = (5 / (256 * left)) ** 0.375 * mass**-0.625 / np.pi
    end = rng.uniform(0.03, 0.05) / mass / np.pi  # Hz, where the two merge
    f = np.minimum(rising, end)
    ring = np.where(TIME > 0, np.exp(-np.maximum(TIME, 0) * end / 1.5), 1.0)
    amplitude = np.where(f > 12, (f / 100) ** (2 / 3), 0) * ring * plateau(7.5, 0.5)
    return sweep(f, amplitude, rng), between(rng, 12, 20, 40)


def reverse_chirp(rng: Rng) -> Glitch:
    """A chirp mirrored in time: it starts high with the event and sweeps down."""
    strain, snr = chirp(rng)
    return np.ascontiguousarray(strain[::-1]), snr


def paired_doves(rng: Rng) -> Glitch:
    """Mini-chirps at 20 to 60 Hz, up and down in turn."""
    spacing, up = rng.uniform(0.4, 1.3), rng.choice([-1, 1])
    strain = np.zeros(SAMPLES)
    for number in range(-2, 3):
        since = TIME - number * spacing
        f = rng.uniform(28, 40) * np.exp(np.clip(up * (-1) ** number * since * 6, -1, 1))
        envelope = np.exp(-0.5 * (since / 0.06) ** 2)
        strain += rng.uniform(0.4, 1.0) * unit(sweep(f, envelope, rng))
    return strain, between(rng, 18, 26, 60)
