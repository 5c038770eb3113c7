"""Where the energy lies in a picture with axes: a spectrogram as Gravity Spy draws it, at any size.

Pictures are 800 x 600 there, with a title, ticks, and a bar of colours at the right. Copies of them
come in other sizes (its own class examples are 600 x 450), and then the frame is looked for.
"""

import numpy as np
import numpy.typing as npt
from PIL import Image

Bytes = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]
Box = tuple[int, int, int, int]  # left, top, right, bottom in pixels, right and bottom excluded

FRAMED_SIZE = (800, 600)  # width, height of a picture with axes, title and colour bar
# Inside of the frame. The frame's line is one to two pixels wide and drawn to a fraction of a
# pixel, differing between plots of different years: this is the largest box that holds none of it
# in any of them.
AXES_BOX: Box = (102, 62, 673, 539)

PAPER = 230  # of 255: no colour of viridis has a channel above 189 and none below 33
WHITE_EDGE = 0.9  # of a margin's outermost line; letters may touch it
ONE_COLOUR = 24  # of 255: a border's pixels, saved as a JPEG, are at most so far from their median
LEAST_SHARE = 0.5  # of each side of a picture lies within its axes, or they were not found
SLACK = 0.02  # of a box's width, by which it may differ from Gravity Spy's shape; and 2 pixels


def axes_box(image: Image.Image) -> Box | None:
    """The inside of the axes; the whole of a picture without any, None where it should have some.

    A picture in colours with a white edge has margins, for viridis has no white; a border of one
    colour may lie around them. A grey picture may be white where it is loud: it is taken whole
    unless there is a frame within edges that are all white.
    """
    if image.size == FRAMED_SIZE:
        return AXES_BOX
    whole = (0, 0, *image.size)
    if image.mode.startswith("I"):  # 16 bits: energy, never a plot
        return whole
    rgb = np.asarray(image.convert("RGB"))  # (h, w, 3)
    left, top, right, bottom = _within_border(rgb)
    paper = rgb[top:bottom, left:right].min(axis=2) >= PAPER  # (h, w)
    white = [_is_white(edge) for edge in (paper[0], paper[-1], paper[:, 0], paper[:, -1])]
    if not any(white):
        return whole
    if (rgb == rgb[..., :1]).all():
        return (_frame(~paper, left, top) if all(white) else None) or whole
    return _frame(~paper, left, top)


def crop_axes(image: Image.Image) -> Image.Image:
    """Only what lies inside the axes; a picture without axes, or with none to be found, whole."""
    return image.crop(axes_box(image) or (0, 0, *image.size))


def _within_border(rgb: Bytes) -> Box:
    """What is left of (h, w, 3) without its outermost lines that are of one colour, not white."""
    top, bottom = _without_border(rgb)
    left, right = _without_border(rgb[top:bottom].swapaxes(0, 1))
    return left, top, right, bottom


def _without_border(lines: Bytes) -> tuple[int, int]:
    """The first and last (excluded) line that is no border; of what is all border, the whole."""
    inner = (at for at, line in enumerate(lines) if not _is_border(line))
    start = next(inner, 0)
    behind = next((at for at, line in enumerate(lines[::-1]) if not _is_border(line)), 0)
    return start, len(lines) - behind


def _is_border(line: Bytes) -> bool:
    """Whether (n, 3) colours are one, but for what is blended at the corners, and not white."""
    near = np.abs(line - np.median(line, axis=0)).max(axis=1) <= ONE_COLOUR
    return bool(near.mean() >= WHITE_EDGE) and not _is_white(line.min(axis=1) >= PAPER)


def _is_white(paper: Flags) -> bool:
    return bool(paper.mean() >= WHITE_EDGE)


def _frame(ink: Flags, across: int, down: int) -> Box | None:
    """The inside of the frame by where (h, w) there is ink; None where there is none to be found.

    Within it there may be white: gaps, lines of a grid, bands without energy. Its own upper and
    lower line are the outermost rows with unbroken ink along most of the picture, and its sides the
    outermost columns within these with more ink than paper. ``across``, ``down``: pixels that the
    picture goes on to the left of it and above it.
    """
    height, width = ink.shape
    starts, ends = _longest_runs(ink)
    rows = np.flatnonzero(ends - starts >= LEAST_SHARE * width)
    if not rows.size:
        return None
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    # A tick may lengthen a line, so the columns decide; the colour bar's are beyond either line.
    first, last = int(starts[rows[[0, -1]]].min()), int(ends[rows[[0, -1]]].max())
    columns = first + np.flatnonzero(ink[top:bottom, first:last].mean(axis=0) > 0.5)
    if not columns.size:
        return None
    left, right = int(columns[0]), int(columns[-1]) + 1
    if bottom - top < LEAST_SHARE * height or right - left < LEAST_SHARE * width:
        return None
    if not _has_its_shape(right - left, bottom - top, width / height):
        return None
    # Resized, a line of 2 of 800 pixels is blended over one more.
    line = 1 + width * 2 // FRAMED_SIZE[0]
    return across + left + line, down + top + line, across + right - line, down + bottom - line


def _has_its_shape(width: int, height: int, shape: float) -> bool:
    """Whether a box is shaped as Gravity Spy's, or stretched as its picture is (``shape``, w / h).

    A wrong box would stretch time or frequency without a word.
    """
    left, top, right, bottom = AXES_BOX
    usual = height * (right - left) / (bottom - top)
    stretched = usual * shape / (FRAMED_SIZE[0] / FRAMED_SIZE[1])
    return min(abs(width - usual), abs(width - stretched)) <= 2 + SLACK * width


def _longest_runs(ink: Flags) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Start and end (excluded) of the longest run of true ones in each row of (h, w)."""
    places = np.arange(1, ink.shape[1] + 1)
    lengths = places - np.maximum.accumulate(np.where(ink, 0, places), axis=1)  # of runs so far
    ends = lengths.argmax(axis=1) + 1
    return ends - lengths.max(axis=1), ends
