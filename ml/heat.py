"""Heat maps as pictures to lay over spectrograms."""

import io

import numpy as np
import numpy.typing as npt
from PIL import Image

from ml.pictures import AXES_BOX, FRAMED_SIZE

RGB = (255, 64, 96)  # in viridis there is no red
OPAQUE = 210  # of 255, where the heat is greatest: the picture shines through


def render_heat(heat: npt.NDArray[np.floating], size: tuple[int, int]) -> bytes:
    """PNG (RGBA) of ``size`` (width, height); ``heat`` (h, w), 0 to 1, fills the axes' inside.

    Clear where there is no heat, and outside of the axes of a picture that has some.
    """
    left, top, right, bottom = AXES_BOX if size == FRAMED_SIZE else (0, 0, *size)
    alpha = Image.fromarray((np.clip(heat, 0, 1) * OPAQUE).astype(np.uint8))
    alpha = alpha.resize((right - left, bottom - top), Image.Resampling.BICUBIC)
    whole = Image.new("L", size, 0)
    whole.paste(alpha, (left, top))
    picture = Image.new("RGBA", size, (*RGB, 0))
    picture.putalpha(whole)
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()
