"""One function a glitch class: what it looks like in strain, by the classes' own descriptions.

Each takes an ``rng`` and gives (strain (SAMPLES,), signal-to-noise ratio); parameters vary within
a class as they do in real data, so that neighbouring classes touch. Numbers for the short classes
follow percentiles of fits to real glitches; the others are read off real pictures.
"""

from collections.abc import Callable

import numpy as np

from ml.strain import bursts, sweeps
from ml.strain.noise import Array
from ml.strain.shapes import (
    SAMPLES,
    Glitch,
    Rng,
    between,
    log_burst,
    unit,
)


def none_of_the_above(rng: Rng) -> Glitch:
    """Two unlike classes at once, or one where it never is."""
    kinds = [
        sweeps.power_line,
        sweeps.ripples_1400,
        bursts.low_frequency_burst,
        bursts.scratchy,
        bursts.blip,
        bursts.helix,
    ]
    first, second = (unit(kinds[i](rng)[0]) for i in rng.permutation(len(kinds))[:2])
    shifted = np.roll(second, int(rng.normal(0, 0.15) * SAMPLES / 8))
    return first + rng.uniform(0.6, 1.4) * shifted, between(rng, 18, 28, 60)


def no_glitch(rng: Rng) -> Glitch:
    """Noise alone, with at most a ripple that would not have raised an alarm."""
    return log_burst(between(rng, 20, 60, 300), 1.5, rng, rng.normal(0, 0.1)), rng.uniform(0, 4.5)


WAVEFORMS: dict[str, Callable[[Rng], Glitch]] = {
    "1080Lines": sweeps.lines_1080,
    "1400Ripples": sweeps.ripples_1400,
    "589HZLINE": sweeps.line_589_hz,
    "70HZLINE": sweeps.seventy_hz_line,
    "Air_Compressor": sweeps.air_compressor,
    "Blip": bursts.blip,
    "Blip_Low_Frequency": bursts.blip_low_frequency,
    "Chirp": sweeps.chirp,
    "Extremely_Loud": bursts.extremely_loud,
    "Fast_Scattering": sweeps.fast_scattering,
    "HIGHFREQUENCYBURST": bursts.high_frequency_burst,
    "Helix": bursts.helix,
    "Koi_Fish": bursts.koi_fish,
    "Light_Modulation": bursts.light_modulation,
    "Low_Frequency_Burst": bursts.low_frequency_burst,
    "Low_Frequency_Lines": sweeps.low_frequency_lines,
    "No_Glitch": no_glitch,
    "None_of_the_Above": none_of_the_above,
    "PIZZICATO": bursts.pizzicato,
    "Paired_Doves": sweeps.paired_doves,
    "Power_Line": sweeps.power_line,
    "Repeating_Blips": bursts.repeating_blips,
    "Reverse_Chirp": sweeps.reverse_chirp,
    "Scattered_Light": sweeps.scattered_light,
    "Scratchy": bursts.scratchy,
    "Tomte": bursts.tomte,
    "Violin_Mode": bursts.violin_mode,
    "Wandering_Line": sweeps.wandering_line,
    "Whistle": sweeps.whistle,
}


def weather(rng: Rng, seconds: float, rate: float) -> Array:
    """Faint bursts strewn over a series of ``seconds``: no detector is as quiet as its spectrum."""
    strain = np.zeros(int(seconds * rate))
    for _ in range(rng.poisson(seconds * rng.choice([0.1, 0.5, 1.2]))):
        piece = rng.uniform(2.0, 4.5) * unit(log_burst(between(rng, 14, 35, 160), 5.0, rng))
        start = int(rng.integers(0, len(strain) - SAMPLES))
        strain[start : start + SAMPLES] += piece
    return strain
