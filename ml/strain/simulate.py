"""One simulated glitch: noise, weather and waveform, whitened and transformed."""

import numpy as np

from ml.errors import MLError
from ml.strain.noise import SAMPLE_RATE, coloured_noise, signal_to_noise, whiten
from ml.strain.qtransform import QGram, q_transform
from ml.strain.shapes import SAMPLES
from ml.strain.waveforms import WAVEFORMS, weather

STRAIN_SECONDS = 32.0  # enough segments for a spectrum that a glitch does not move
TRANSFORM_SECONDS = 16.0  # from the middle; leaves out what the ends of the whitening spoil


class UnknownClassError(MLError):
    """A class that has no waveform."""

    code = "unknown_class"


def check_label(label: str) -> None:
    """Raises :class:`UnknownClassError` where no waveform is known for ``label``."""
    if label not in WAVEFORMS:
        known = ", ".join(WAVEFORMS)
        raise UnknownClassError(
            f"There is no waveform for the class {label!r}; known are {known}.", label=label
        )


def simulate_glitch(label: str, seed: int | np.random.SeedSequence) -> QGram:
    """The Q-transform of a glitch of class ``label``, the same for the same ``seed``.

    Raises :class:`UnknownClassError`.
    """
    check_label(label)
    rng = np.random.default_rng(seed)
    waveform, snr = WAVEFORMS[label](rng)
    samples = int(STRAIN_SECONDS * SAMPLE_RATE)
    strain = coloured_noise(samples, rng) + weather(rng, STRAIN_SECONDS, SAMPLE_RATE)
    # Triggers are timed to a tile, not to the sample.
    start = (samples - SAMPLES) // 2 + round(float(rng.normal(0, 0.004)) * SAMPLE_RATE)
    strain[start : start + SAMPLES] += waveform * (snr / signal_to_noise(waveform))
    edge = int((STRAIN_SECONDS - TRANSFORM_SECONDS) / 2 * SAMPLE_RATE)
    return q_transform(whiten(strain)[edge:-edge], SAMPLE_RATE)
