"""Each class's waveform: sound, varied, repeatable, and where its description puts it."""

import numpy as np
import pytest

from ml.strain.noise import SAMPLE_RATE, signal_to_noise
from ml.strain.shapes import SAMPLES, TIME, between, log_burst, plateau, unit
from ml.strain.simulate import UnknownClassError, simulate_glitch
from ml.strain.waveforms import WAVEFORMS, weather


@pytest.mark.parametrize("label", WAVEFORMS)
def test_waveforms_are_sound_repeatable_and_varied(label: str) -> None:
    draw = WAVEFORMS[label]
    strain, snr = draw(np.random.default_rng(1))
    again, snr_again = draw(np.random.default_rng(1))
    other, _ = draw(np.random.default_rng(2))
    assert strain.shape == (SAMPLES,)
    assert np.isfinite(strain).all()
    assert np.any(strain)
    assert snr > 0
    assert np.array_equal(strain, again)
    assert snr == snr_again
    assert not np.array_equal(strain, other)


@pytest.mark.parametrize(
    ("label", "low", "high"),
    [
        ("Blip", 30, 500),
        ("Koi_Fish", 12, 200),
        ("Tomte", 10, 100),
        ("Scattered_Light", 10, 130),
        ("Fast_Scattering", 15, 60),
        ("Low_Frequency_Burst", 10, 30),
        ("Low_Frequency_Lines", 10, 30),
        ("Power_Line", 57, 63),
        ("Air_Compressor", 47, 53),
        ("589HZLINE", 560, 620),
        ("70HZLINE", 66, 74),
        ("Violin_Mode", 450, 1600),
        ("Whistle", 200, 2048),
        ("1080Lines", 1040, 1120),
        ("1400Ripples", 1330, 1480),
        ("PIZZICATO", 480, 1050),
        ("HIGHFREQUENCYBURST", 800, 2048),
        ("Chirp", 15, 600),
        ("Reverse_Chirp", 15, 600),
    ],
)
def test_peak_frequency_is_where_the_class_lives(label: str, low: float, high: float) -> None:
    for seed in (1, 2):
        gram = simulate_glitch(label, seed)
        assert low <= gram.peak_frequency <= high
        assert gram.snr > 5.5


def test_no_glitch_raises_no_alarm() -> None:
    assert max(simulate_glitch("No_Glitch", seed).snr for seed in range(5)) < 8


def centre(label: str, since: float, until: float) -> float:
    """Mean frequency (Hz) of a waveform's power between two times."""
    strain, _ = WAVEFORMS[label](np.random.default_rng(4))
    part = np.abs(np.fft.rfft(strain[(since <= TIME) & (until > TIME)])) ** 2
    grid = np.fft.rfftfreq(2 * len(part) - 2, 1 / SAMPLE_RATE)
    return float(np.sum(grid * part) / np.sum(part))


def test_chirp_rises_and_reverse_chirp_falls() -> None:
    assert centre("Chirp", -0.03, 0.0) > 1.3 * centre("Chirp", -0.3, -0.1)
    assert centre("Reverse_Chirp", 0.0, 0.03) > 1.3 * centre("Reverse_Chirp", 0.1, 0.3)


def test_a_log_burst_peaks_at_its_frequency_and_time() -> None:
    strain = log_burst(100, 20, np.random.default_rng(1), at=0.5)
    spectrum = np.abs(np.fft.rfft(strain))
    assert spectrum.argmax() * SAMPLE_RATE / SAMPLES == pytest.approx(100, rel=0.02)
    assert np.sum(TIME * strain**2) / np.sum(strain**2) == pytest.approx(0.5, abs=0.01)


def test_plateau_has_the_length_asked_for() -> None:
    shape = plateau(1.0, 0.2, at=0.5)
    assert shape.max() == 1
    assert np.mean(shape > 0) * SAMPLES / SAMPLE_RATE == pytest.approx(1.0, abs=0.01)


def test_unit_has_ratio_one() -> None:
    assert signal_to_noise(unit(log_burst(60, 1, np.random.default_rng(1)))) == pytest.approx(1)


def test_between_meets_its_percentiles() -> None:
    rng = np.random.default_rng(1)
    drawn = [between(rng, 8, 16, 67) for _ in range(4000)]
    assert np.percentile(drawn, [5, 50, 95]) == pytest.approx([8, 16, 67], rel=0.1)


def test_weather_is_faint() -> None:
    calm = weather(np.random.default_rng(1), 32, SAMPLE_RATE)
    assert calm.shape == (32 * SAMPLE_RATE,)
    assert signal_to_noise(calm) < 4.5 * np.sqrt(32 * 1.2 * 2)


def test_an_unknown_class_is_named() -> None:
    with pytest.raises(UnknownClassError, match="Unicorn") as caught:
        simulate_glitch("Unicorn", 1)
    assert caught.value.code == "unknown_class"
