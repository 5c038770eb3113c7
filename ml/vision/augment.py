"""Changed copies of a glitch's views that a volunteer would still give the same label."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ml.vision.views import FULL, LONGEST_ONLY, Energy

LOUDNESS = 0.35  # natural logarithm of the largest gain
TIME_SHIFT = 10 / 224  # of the width, as George et al. 2017 shifted by up to 10 pixels
FREQUENCY_SHIFT = 4 / 224  # of the height: a tenth of the frequency


def augment(views: Energy, rng: np.random.Generator) -> Energy:
    """uint8 (d, size, size), louder or quieter, a little earlier or later, higher or lower."""
    size = views.shape[-1]
    gain = np.exp(rng.uniform(-LOUDNESS, LOUDNESS))
    columns, rows = (round(size * share) for share in (TIME_SHIFT, FREQUENCY_SHIFT))
    shift = (int(rng.integers(-rows, rows + 1)), int(rng.integers(-columns, columns + 1)))
    moved = np.roll(views, shift, axis=(-2, -1))  # what leaves on one side is noise on the other
    return np.clip(moved * gain, 0, 255).astype(np.uint8)


def copies_of(
    variants: Energy, content: str, copies: int, drop_durations: float
) -> npt.NDArray[np.uint8]:
    """``copies`` changed copies (copies, d, size, size) of the views (2, d, size, size).

    A share ``drop_durations`` of them is made from the longest picture only. The same ``content``
    (hash of the pictures) always gives the same copies, so that they can be cached.
    """
    rng = np.random.default_rng(int(content[:16], 16))
    made = np.zeros((copies, *variants.shape[1:]), np.uint8)
    for copy in range(copies):
        source = LONGEST_ONLY if rng.random() < drop_durations else FULL
        made[copy] = augment(variants[source], rng)
    return made
