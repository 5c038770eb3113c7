"""Heat maps as pictures to lay over spectrograms."""

import io

import numpy as np
import numpy.typing as npt
from PIL import Image

from ml.axes import Box

RGB = (255, 64, 96)  # in viridis there is no red
OPAQUE = 210  # of 255, where the heat is greatest: the picture shines through


def render_heat(heat: npt.NDArray[np.floating], size: tuple[int, int], box: Box) -> bytes:
    """PNG (RGBA) of ``size`` (width, height); ``heat`` (h, w), 0 to 1, fills ``box`` of it.

    Clear where there is no heat, and outside of the box (:func:`ml.axes.axes_box`).
    """
    left, top, right, bottom = box
    alpha = Image.fromarray((np.clip(heat, 0, 1) * OPAQUE).astype(np.uint8))
    alpha = alpha.resize((right - left, bottom - top), Image.Resampling.BICUBIC)
    whole = Image.new("L", size, 0)
    whole.paste(alpha, (left, top))
    picture = Image.new("RGBA", size, (*RGB, 0))
    picture.putalpha(whole)
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()
