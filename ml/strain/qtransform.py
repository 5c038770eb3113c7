"""The Q-transform: energy in tiles of constant Q = frequency / bandwidth, as spectrograms show it.

After S. Chatterji, "The search for gravitational wave bursts in data from the second LIGO science
run" (MIT, 2005), chapter 5: bisquare windows in the frequency domain, tiles placed so that no
signal loses more than a given share of its energy between them; several planes of different Q, of
which the one with the loudest tile is shown. Energies are divided by the median of their row.
"""

import functools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import fft

Q_RANGE = (4.0, 64.0)
FREQUENCY_RANGE = (10.0, 2048.0)  # Hz
MISMATCH = 0.2  # greatest share of energy lost between neighbouring tiles
_TILE_STEP = 2 * np.sqrt(MISMATCH / 3)

Energy = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Rows:
    """Rows of one plane that have the same number of tiles, so that one FFT serves them all."""

    numbers: npt.NDArray[np.int64]  # (k,) their places in the plane
    tiles: int
    halves: tuple[int, ...]  # half width of each window in bins
    centres: tuple[int, ...]  # bin of each central frequency
    windows: tuple[npt.NDArray[np.float32], ...]  # each (2 half + 1,)


@dataclass(frozen=True)
class Plane:
    """The tiling at one Q for a series of ``duration`` seconds."""

    q: float
    duration: float
    frequencies: npt.NDArray[np.float64]  # (r,) Hz, rising
    groups: tuple[Rows, ...]


@dataclass(frozen=True)
class QGram:
    """Energies over the plane with the loudest tile; times in seconds from the data's middle."""

    plane: Plane
    energies: tuple[Energy, ...]  # one (k, tiles) for each group of the plane
    peak_energy: float
    peak_time: float
    peak_frequency: float

    @property
    def snr(self) -> float:
        """Signal-to-noise ratio of the loudest tile."""
        return float(np.sqrt(2 * self.peak_energy))


def q_values(low: float, high: float) -> npt.NDArray[np.float64]:
    """The Q of each plane between two extremes."""
    span = np.log(high / low) / np.sqrt(2)
    planes = max(int(np.ceil(span / _TILE_STEP)), 1)
    return low * np.exp(np.sqrt(2) * span / planes * (np.arange(planes) + 0.5))


@functools.lru_cache(maxsize=16)
def make_plane(q: float, duration: float, frequency_range: tuple[float, float]) -> Plane:
    """Lay out the tiles at one ``q`` for ``duration`` seconds between two frequencies (Hz)."""
    low, high = frequency_range
    span = np.log(high / low) * np.sqrt(2 + q**2) / 2
    count = max(int(np.ceil(span / _TILE_STEP)), 1)
    steps = (np.arange(count) + 0.5) * span / count
    ideal = low * np.exp(2 / np.sqrt(2 + q**2) * steps)
    bins = np.unique(np.floor(ideal * duration).astype(int))  # a row sits on a bin of the FFT
    frequencies = bins / duration
    wanted = 2 * np.pi * frequencies * duration / q / _TILE_STEP
    tiles = 2 ** np.ceil(np.log2(wanted)).astype(int)
    groups = tuple(
        _rows(np.flatnonzero(tiles == number), int(number), bins, q) for number in np.unique(tiles)
    )
    return Plane(q, duration, frequencies, groups)


def _rows(
    numbers: npt.NDArray[np.int64], tiles: int, bins: npt.NDArray[np.int64], q: float
) -> Rows:
    reach = np.sqrt(11) / q  # half bandwidth of a bisquare window over its frequency
    centres = tuple(int(bins[number]) for number in numbers)
    halves = tuple(int(centre * reach) for centre in centres)
    windows = tuple(
        ((1 - (np.arange(-half, half + 1) / (centre * reach)) ** 2) ** 2).astype(np.float32)
        for half, centre in zip(halves, centres, strict=True)
    )
    return Rows(numbers, tiles, halves, centres, windows)


def q_transform(
    data: npt.NDArray[np.float64],
    rate: float,
    *,
    search: float = 0.5,
    q_range: tuple[float, float] = Q_RANGE,
    frequency_range: tuple[float, float] = FREQUENCY_RANGE,
) -> QGram:
    """Transform whitened ``data`` (n,), sampled at ``rate`` Hz, at the Q that suits its middle.

    The loudest tile is looked for within ``search`` seconds around the middle. Raises ValueError
    where the highest tile would reach beyond half the rate, or ``data`` is not finite.
    """
    if not np.isfinite(data).all():
        raise ValueError("the data hold values that are not finite")
    q_list = q_values(*q_range)
    if frequency_range[1] * (1 + np.sqrt(11) / q_list[0]) > rate / 2:
        raise ValueError(f"{rate} Hz is too slow for tiles at {frequency_range[1]} Hz")
    spectrum = fft.rfft(data.astype(np.float32))  # complex64: energies need no more
    best: QGram | None = None
    for q in q_list:
        plane = make_plane(float(q), len(data) / rate, frequency_range)
        gram = _transform_plane(spectrum, plane, search)
        if best is None or gram.peak_energy > best.peak_energy:
            best = gram
    assert best is not None  # noqa: S101 - q_values() never returns nothing
    return best


def _transform_plane(spectrum: npt.NDArray[np.complex64], plane: Plane, search: float) -> QGram:
    energies = []
    peak = (-1.0, 0.0, 0.0)
    for rows in plane.groups:
        energy = _row_energies(spectrum, rows)
        first = int(np.ceil((0.5 - search / 2 / plane.duration) * rows.tiles))
        middle = energy[:, max(first, 0) : rows.tiles - first + 1]
        row, tile = np.unravel_index(int(middle.argmax()), middle.shape)
        if middle[row, tile] > peak[0]:
            time = (max(first, 0) + tile) / rows.tiles * plane.duration - plane.duration / 2
            frequency = plane.frequencies[rows.numbers[row]]
            peak = (float(middle[row, tile]), float(time), float(frequency))
        energies.append(energy)
    return QGram(plane, tuple(energies), *peak)


def _row_energies(spectrum: npt.NDArray[np.complex64], rows: Rows) -> Energy:
    """Energy over the median of its row, (k, tiles)."""
    shifted = np.zeros((len(rows.numbers), rows.tiles), np.complex64)
    for row, (half, centre, window) in enumerate(
        zip(rows.halves, rows.centres, rows.windows, strict=True)
    ):
        piece = spectrum[centre - half : centre + half + 1] * window
        shifted[row, : half + 1] = piece[half:]  # central frequency to 0, the lower half wraps
        shifted[row, rows.tiles - half :] = piece[:half]
    tiles = fft.ifft(shifted, axis=1, overwrite_x=True)
    energy: Energy = tiles.real**2 + tiles.imag**2
    # Beyond some thousand tiles every fourth gives the same median, at a quarter of the time.
    sparse = energy[:, :: 4 if rows.tiles >= 8192 else 1]
    energy /= np.median(sparse, axis=1, keepdims=True)
    return energy


def sample_energy(
    gram: QGram,
    duration: float,
    shape: tuple[int, int],
    frequency_range: tuple[float, float] = FREQUENCY_RANGE,
) -> Energy:
    """Energies on a picture (h, w): ``duration`` seconds around the middle, frequency log2 upwards.

    Row 0 is the highest frequency. Cubic convolution in both directions; beyond the outermost rows
    the energy stays as it is in them.
    """
    height, width = shape
    plane = gram.plane
    times = ((np.arange(width) + 0.5) / width - 0.5) * duration + plane.duration / 2
    across = np.empty((len(plane.frequencies), width), np.float32)  # (r, w)
    for rows, energy in zip(plane.groups, gram.energies, strict=True):
        across[rows.numbers] = _cubic(energy, times * rows.tiles / plane.duration)
    octaves = np.log2(frequency_range[1] / frequency_range[0])
    heights = octaves * (1 - (np.arange(height) + 0.5) / height)
    places = np.interp(
        heights,
        np.log2(plane.frequencies / frequency_range[0]),
        np.arange(len(plane.frequencies)),
    )
    return np.maximum(_cubic(across.T, places).T, 0)


def _cubic(values: Energy, places: npt.NDArray[np.float64]) -> Energy:
    """Values (k, n) read at fractional ``places`` (m,) of their last axis: (k, m), Keys' kernel."""
    whole = np.floor(places).astype(int)
    x = (places - whole).astype(np.float32)
    weights = (
        x * (-0.5 + x * (1 - 0.5 * x)),
        1 + x * x * (-2.5 + 1.5 * x),
        x * (0.5 + x * (2 - 1.5 * x)),
        x * x * (-0.5 + 0.5 * x),
    )
    last = values.shape[1] - 1
    out = np.zeros((values.shape[0], len(places)), np.float32)
    for offset, weight in zip((-1, 0, 1, 2), weights, strict=True):
        out += values[:, np.clip(whole + offset, 0, last)] * weight
    return out
