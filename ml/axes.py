"""Where the energy lies in a picture with axes: a spectrogram as Gravity Spy draws it, at any size.

Pictures are 800 x 600 there, with a title, ticks, and a bar of colours at the right. Copies of them
come in other sizes (its own class examples are 600 x 450), and then the frame is looked for.
"""

import numpy as np
import numpy.typing as npt
from PIL import Image

Box = tuple[int, int, int, int]  # left, top, right, bottom in pixels, right and bottom excluded

FRAMED_SIZE = (800, 600)  # width, height of a picture with axes, title and colour bar
# Inside of the frame. The frame's line is one to two pixels wide and drawn to a fraction of a
# pixel, differing between plots of different years: this is the largest box that holds none of it
# in any of them.
AXES_BOX: Box = (102, 62, 673, 539)

PAPER = 230  # of 255: no colour of viridis has a channel above 189 and none below 33
WHITE_EDGE = 0.9  # of a margin's outermost line; letters may touch it
LEAST_SHARE = 0.5  # of each side of a picture lies within its axes, or they were not found


def axes_box(image: Image.Image) -> Box | None:
    """The inside of the axes; the whole of a picture without any, None where it should have some.

    A picture in colours with a white edge has margins, for viridis has no white. A grey one may be
    white where it is loud: it is taken whole unless there is a frame within edges that are all
    white.
    """
    if image.size == FRAMED_SIZE:
        return AXES_BOX
    whole = (0, 0, *image.size)
    if image.mode.startswith("I"):  # 16 bits: energy, never a plot
        return whole
    rgb = np.asarray(image.convert("RGB"))  # (h, w, 3)
    paper = rgb.min(axis=2) >= PAPER  # (h, w)
    white = [edge.mean() >= WHITE_EDGE for edge in (paper[0], paper[-1], paper[:, 0], paper[:, -1])]
    if not any(white):
        return whole
    if (rgb == rgb[..., :1]).all():
        return (_frame(~paper) if all(white) else None) or whole
    return _frame(~paper)


def crop_axes(image: Image.Image) -> Image.Image:
    """Only what lies inside the axes; a picture without axes, or with none to be found, whole."""
    return image.crop(axes_box(image) or (0, 0, *image.size))


def _frame(ink: npt.NDArray[np.bool_]) -> Box | None:
    """The inside of the frame by where (h, w) there is ink; None where there is none to be found.

    The rows between its upper and its lower line hold more ink than paper; in those, its columns
    are full of it, and so are those of the colour bar, which are fewer.
    """
    height, width = ink.shape
    top, bottom = _longest_run(ink.mean(axis=1) > 0.5)
    if bottom - top < LEAST_SHARE * height:
        return None
    left, right = _longest_run(ink[top:bottom].mean(axis=0) > 0.9)
    if right - left < LEAST_SHARE * width:
        return None
    # Resized, a line of 2 of 800 pixels is blended over one more.
    line = 1 + width * 2 // FRAMED_SIZE[0]
    return left + line, top + line, right - line, bottom - line


def _longest_run(flags: npt.NDArray[np.bool_]) -> tuple[int, int]:
    """Start and end (excluded) of the longest run of true ones; (0, 0) where there are none."""
    edges = np.flatnonzero(np.diff(flags, prepend=False, append=False))
    starts, ends = edges[::2], edges[1::2]
    if not starts.size:
        return 0, 0
    longest = int((ends - starts).argmax())
    return int(starts[longest]), int(ends[longest])
