"""The Q-transform against bursts whose answer is known, and against gwpy's on the same data."""

import warnings

import numpy as np
import pytest

from ml.strain.qtransform import QGram, _cubic, make_plane, q_transform, q_values, sample_energy

RATE = 8192
SECONDS = 8


def noise_with_burst(f: float, width: float, at: float, loud: float = 1.5) -> np.ndarray:
    data = np.random.default_rng(5).standard_normal(SECONDS * RATE)
    time = np.arange(len(data)) / RATE - SECONDS / 2 - at
    return data + loud * np.exp(-0.5 * (time / width) ** 2) * np.cos(2 * np.pi * f * time)


@pytest.mark.parametrize(
    ("f", "width", "at"),
    [(30, 0.05, 0.0), (150, 0.02, 0.05), (600, 0.01, -0.1), (1500, 0.004, 0.0)],
)
def test_peak_lies_where_the_burst_is(f: float, width: float, at: float) -> None:
    gram = q_transform(noise_with_burst(f, width, at), RATE)
    assert gram.peak_time == pytest.approx(at, abs=width)
    assert gram.peak_frequency == pytest.approx(f, rel=0.1)
    # In white noise the ratio is sqrt(sum of squares) = 1.5 sqrt(rate width sqrt(pi) / 2), of which
    # a tile takes most; division by the median, ln 2 of the mean, adds a fifth.
    whole = 1.5 * np.sqrt(RATE * width * np.sqrt(np.pi) / 2)
    assert 0.8 * whole < gram.snr < 1.4 * whole


def test_long_tones_are_shown_at_high_q_and_clicks_at_low_q() -> None:
    tone = q_transform(noise_with_burst(200, 0.1, 0.0), RATE)
    click = q_transform(noise_with_burst(200, 0.003, 0.0, loud=5), RATE)
    assert click.plane.q < 8 < 40 < tone.plane.q


def test_only_the_middle_is_searched() -> None:
    gram = q_transform(noise_with_burst(150, 0.02, 2.0), RATE, search=0.5)
    assert abs(gram.peak_time) <= 0.26
    assert gram.peak_energy < 40


def test_rows_have_median_one() -> None:
    gram = q_transform(noise_with_burst(150, 0.02, 0.0), RATE)
    for energy in gram.energies:
        assert np.median(energy, axis=1) == pytest.approx(1, abs=0.1)


def test_planes_are_those_of_the_literature() -> None:
    assert q_values(4, 64) == pytest.approx([5.657, 11.314, 22.627, 45.255], abs=1e-3)
    plane = make_plane(5.657, 16.0, (10.0, 2048.0))
    assert len(plane.frequencies) == 31
    assert sorted(np.concatenate([rows.numbers for rows in plane.groups])) == list(range(31))


@pytest.mark.parametrize(
    ("data", "rate", "message"),
    [
        (np.full(RATE * 4, np.nan), RATE, "not finite"),
        (np.zeros(4096 * 4), 4096, "too slow"),
    ],
)
def test_what_cannot_be_transformed(data: np.ndarray, rate: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        q_transform(data, rate)


def test_cubic_reading_meets_the_points_and_straight_lines() -> None:
    values = np.array([[1.0, 3.0, 2.0, 5.0], [0.0, 1.0, 2.0, 3.0]], np.float32)
    assert np.allclose(_cubic(values, np.array([0.0, 1.0, 2.0, 3.0])), values)
    assert _cubic(values, np.array([1.25]))[1] == pytest.approx(1.25)
    assert np.allclose(_cubic(values, np.array([9.0]))[:, 0], values[:, -1])


def test_picture_rows_run_from_high_to_low_frequency() -> None:
    gram = q_transform(noise_with_burst(512, 0.02, 0.1), RATE)
    picture = sample_energy(gram, 1.0, (200, 300))
    row, column = np.unravel_index(picture.argmax(), picture.shape)
    octaves = np.log2(2048 / 10)
    assert (row + 0.5) / 200 == pytest.approx(2 / octaves, abs=0.02)  # two octaves below the top
    assert (column + 0.5) / 300 == pytest.approx(0.6, abs=0.02)


@pytest.mark.parametrize("duration", [0.5, 1.0, 2.0, 4.0])
@pytest.mark.parametrize(("f", "width"), [(60, 0.02), (300, 0.05)])
def test_agrees_with_gwpy(f: float, width: float, duration: float) -> None:
    data = noise_with_burst(f, width, 0.0)
    ours = q_transform(data, RATE)
    shape = (240, 400)
    theirs, q = gwpys(data, duration, shape)
    assert ours.plane.q == pytest.approx(q)
    picture = np.clip(sample_energy(ours, duration, shape), 0, 25.5)
    assert np.corrcoef(picture.ravel(), theirs.ravel())[0, 1] > 0.95
    assert np.abs(picture - theirs).mean() < 0.25
    assert peak(picture) == pytest.approx(peak(theirs), abs=4)


def gwpys(data: np.ndarray, duration: float, shape: tuple[int, int]) -> tuple[np.ndarray, float]:
    """gwpy's energies at the middles of our pixels, clipped as in pictures, and its Q."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # gwpy's, on import
        from gwpy.timeseries import TimeSeries

        step = duration / shape[1]
        series = TimeSeries(data, sample_rate=RATE, t0=-SECONDS / 2)
        spectrogram = series.q_transform(
            qrange=(4, 64),
            frange=(10, 2048),
            gps=0,
            search=0.5,
            tres=step,
            logf=True,
            fres=shape[0],
            outseg=(-duration / 2 + step / 2, duration / 2 + step / 2),
            whiten=False,
        )
    return np.clip(spectrogram.value.T[::-1, : shape[1]], 0, 25.5), spectrogram.q


def peak(picture: np.ndarray) -> tuple[float, float]:
    """Centre of the brightest part, (row, column)."""
    rows, columns = np.nonzero(picture >= 0.9 * picture.max())
    return float(rows.mean()), float(columns.mean())


def test_qgram_is_a_record() -> None:
    plane = make_plane(5.657, 4.0, (10.0, 2048.0))
    assert QGram(plane, (), 50.0, 0.0, 100.0).snr == 10
