"""Pictures as Gravity Spy makes them: 800 x 600, axes, title and colour bar around the energy.

Drawing a plot takes half a second, so the furniture is drawn once for each duration and detector
and kept as a template; a glitch then costs one look-up of colours and the encoding.
"""

import functools
import io
import zlib
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PIL import Image

from ml.axes import AXES_BOX, FRAMED_SIZE
from ml.pictures import DURATIONS
from ml.strain.qtransform import FREQUENCY_RANGE, QGram, sample_energy
from ml.viridis import VIRIDIS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MAX_ENERGY = 25.5  # the colour scale's end; louder is shown as if it were this loud
OBSERVATORIES = {"H1": "Hanford", "L1": "Livingston", "V1": "Virgo"}
RUN = "O3"
# What the energy over its row's median is multiplied with. The pictures of the first run came from
# Omega, which divides by the mean, in Gaussian noise 1 / ln 2 times the median; those since from
# gwpy, which divides by the median. Real noise floors lie at .68 and 1.0 accordingly.
ENERGY_SHOWN = {"O1": float(np.log(2)), RUN: 1.0}

# What is painted: one pixel more on each side than ml.pictures reads, up to the frame's line.
_LEFT, _TOP, _RIGHT, _BOTTOM = AXES_BOX[0] - 1, AXES_BOX[1] - 1, AXES_BOX[2] + 1, AXES_BOX[3] + 1
ENERGY_SHAPE = (_BOTTOM - _TOP, _RIGHT - _LEFT)  # (479, 573)
_BAR_LEFT, _BAR_RIGHT = 692, 720
FRAME_GREY = 96
_OPAQUE_VIRIDIS = np.concatenate([VIRIDIS, np.full((256, 1), 255, np.uint8)], axis=1)  # (256, 4)
_BAR_LEVELS = np.linspace(255, 0, ENERGY_SHAPE[0]).round().astype(np.uint8)[:, None]  # (479, 1)


def render_glitch(gram: QGram, ifo: str, run: str = RUN) -> dict[float, bytes]:
    """Four PNGs of one glitch by duration in seconds, 800 x 600 RGBA, event in the middle.

    ``run``: whose pictures these are to look like, a key of :data:`ENERGY_SHOWN`.
    """
    scale = np.float32(ENERGY_SHOWN[run])
    return {
        duration: encode_png(
            frame_energy(sample_energy(gram, duration, ENERGY_SHAPE) * scale, ifo, duration, run)
        )
        for duration in DURATIONS
    }


def frame_energy(
    energy: npt.NDArray[np.float32], ifo: str, duration: float, run: str = RUN
) -> npt.NDArray[np.uint8]:
    """Paint normalised energy, of ``ENERGY_SHAPE``, into its axes: (600, 800, 4)."""
    picture = axes_template(ifo, duration, run).copy()
    grey = np.clip(energy * (255 / MAX_ENERGY) + 0.5, 0, 255).astype(np.uint8)
    picture[_TOP:_BOTTOM, _LEFT:_RIGHT] = _OPAQUE_VIRIDIS[grey]
    return picture


def encode_png(picture: npt.NDArray[np.uint8]) -> bytes:
    """``picture`` (h, w, 4) as PNG, fast rather than small."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG", compress_level=1, compress_type=zlib.Z_RLE)
    return file.getvalue()


@functools.lru_cache(maxsize=2 * len(DURATIONS) * len(OBSERVATORIES))
def axes_template(ifo: str, duration: float, run: str = RUN) -> npt.NDArray[np.uint8]:
    """An empty plot (600, 800, 4) of a detector, duration (s) and run; do not write to it."""
    # Imported here: loading a plotting library would slow down all who only import this module.
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    width, height = FRAMED_SIZE
    with matplotlib.rc_context():
        matplotlib.rcdefaults()  # whatever style the user, or another library, has set
        figure = Figure(figsize=(width / 100, height / 100), dpi=100, facecolor="white")
        canvas = FigureCanvasAgg(figure)
        _draw_axes(figure, f"{OBSERVATORIES[ifo]} - {run}", duration)
        _draw_colour_bar(figure)
        canvas.draw()
    template = np.array(canvas.buffer_rgba(), dtype=np.uint8)
    template[_TOP:_BOTTOM, _BAR_LEFT:_BAR_RIGHT] = _OPAQUE_VIRIDIS[_BAR_LEVELS]
    _draw_frame(template, _LEFT, _RIGHT)
    _draw_frame(template, _BAR_LEFT, _BAR_RIGHT)
    template[..., 3] = 255
    template.setflags(write=False)
    return template


def _draw_frame(picture: npt.NDArray[np.uint8], left: int, right: int) -> None:
    """A line around what is painted between two columns, to the pixel.

    Not left to the plotting library, which moves lines to where they look sharpest.
    """
    rows, columns = slice(_TOP - 1, _BOTTOM + 1), slice(left - 1, right + 1)
    picture[rows, [left - 1, right], :3] = FRAME_GREY
    picture[[_TOP - 1, _BOTTOM], columns, :3] = FRAME_GREY


def _box(left: float, right: float) -> tuple[float, float, float, float]:
    """Pixels to matplotlib's (left, bottom, width, height) as shares of the figure."""
    width, height = FRAMED_SIZE
    return left / width, 1 - _BOTTOM / height, (right - left) / width, (_BOTTOM - _TOP) / height


def _draw_axes(figure: "Figure", title: str, duration: float) -> None:
    axes = figure.add_axes(_box(_LEFT, _RIGHT))
    axes.set_xlim(-duration / 2, duration / 2)
    axes.set_ylim(*FREQUENCY_RANGE)
    axes.set_yscale("log", base=2)
    ticks = [16 * 2**octave for octave in range(8)]
    axes.set_yticks(ticks, labels=[str(tick) for tick in ticks], fontsize=12.5)
    marks = np.linspace(-duration / 2, duration / 2, 5)
    axes.set_xticks(marks, labels=[f"{mark:.3g}" if mark % 1 else f"{mark:.1f}" for mark in marks])
    axes.tick_params(axis="x", labelsize=15, pad=3)
    axes.minorticks_off()
    axes.set_title(title, fontsize=19, y=1.055)
    _label(figure, 387, 582, "Time (s)", 19)
    _label(figure, 27, 300, "Frequency (Hz)", 19, rotation=90)
    axes.spines[:].set_visible(False)


def _draw_colour_bar(figure: "Figure") -> None:
    bar = figure.add_axes(_box(_BAR_LEFT, _BAR_RIGHT))
    bar.set_ylim(0, MAX_ENERGY)
    bar.set_xticks([])
    bar.yaxis.tick_right()
    bar.set_yticks(range(0, 26, 5))
    bar.tick_params(axis="y", labelsize=12.5)
    _label(figure, 764, 300, "Normalized energy", 14, rotation=90)
    bar.spines[:].set_visible(False)


def _label(
    figure: "Figure", x: float, y: float, text: str, size: float, rotation: float = 0
) -> None:
    """Text centred on a pixel."""
    width, height = FRAMED_SIZE
    figure.text(
        x / width, 1 - y / height, text, size=size, rotation=rotation, ha="center", va="center"
    )
