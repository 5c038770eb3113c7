"""Changed copies of a glitch's views that a volunteer would still give the same label."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

from ml.vision.inputs.views import FULL, LONGEST_ONLY, Energy
from ml.vision.recipes.rules import AUGMENTATIONS
from ml.vision.recipes.settings import TrainingSettings

LOUDNESS = 0.35  # natural logarithm of the largest gain
TIME_SHIFT = 10 / 224  # of the width, as George et al. 2017 shifted by up to 10 pixels
FREQUENCY_SHIFT = 4 / 224  # of the height: a tenth of the frequency
ZOOM = 0.05  # George et al. 2017

LOUDNESS_AND_SHIFT, SHIFT_AND_ZOOM, NONE = AUGMENTATIONS


def change(kind: str, views: Energy, rng: np.random.Generator) -> Energy:
    """uint8 (d, size, size) changed as the settings' ``augmentation`` says; all durations alike."""
    if kind == LOUDNESS_AND_SHIFT:
        return augment(views, rng)
    return views if kind == NONE else shift_and_zoom(views, rng)


def shift_and_zoom(views: Energy, rng: np.random.Generator) -> Energy:
    """Moved by up to 10 of 224 pixels both ways and scaled by up to 5 %, as George et al. 2017.

    What comes in from beyond the edge is silence.
    """
    size = views.shape[-1]
    dx, dy = rng.uniform(-TIME_SHIFT, TIME_SHIFT, 2) * size
    scale = 1 / rng.uniform(1 - ZOOM, 1 + ZOOM)
    middle = (size - 1) / 2
    # Pillow asks where a pixel (x, y) of the result comes from: a x + b y + c, d x + e y + f.
    offset = middle - scale * middle
    affine = (scale, 0.0, offset - scale * dx, 0.0, scale, offset - scale * dy)
    return np.stack(
        [
            np.asarray(
                Image.fromarray(view).transform(
                    view.shape[::-1], Image.Transform.AFFINE, affine, Image.Resampling.BILINEAR
                )
            )
            for view in views
        ]
    )


def without_some(views: Energy, rng: np.random.Generator) -> Energy:
    """(d, size, size) with some durations blank, as if their pictures were missing; never all."""
    count = int(rng.integers(1, len(views))) if len(views) > 1 else 0
    kept = views.copy()
    kept[rng.permutation(len(views))[:count]] = 0
    return kept


def augment(views: Energy, rng: np.random.Generator) -> Energy:
    """uint8 (d, size, size), louder or quieter, a little earlier or later, higher or lower."""
    size = views.shape[-1]
    gain = np.exp(rng.uniform(-LOUDNESS, LOUDNESS))
    columns, rows = (round(size * share) for share in (TIME_SHIFT, FREQUENCY_SHIFT))
    shift = (int(rng.integers(-rows, rows + 1)), int(rng.integers(-columns, columns + 1)))
    moved = np.roll(views, shift, axis=(-2, -1))  # what leaves on one side is noise on the other
    louder = np.clip(np.arange(256) * gain, 0, 255).astype(np.uint8)
    return np.take(louder, moved)  # a tenth of the time that multiplying every pixel takes


def copies_of(
    variants: Energy,
    content: str,
    copies: int,
    drop_durations: float,
    kind: str = LOUDNESS_AND_SHIFT,
) -> npt.NDArray[np.uint8]:
    """``copies`` changed copies (copies, d, size, size) of the views (2, d, size, size).

    A share ``drop_durations`` of them is made from the longest picture only. The same ``content``
    (hash of the pictures) always gives the same copies, so that they can be cached.
    """
    rng = np.random.default_rng(int(content[:16], 16))
    made = np.zeros((copies, *variants.shape[1:]), np.uint8)
    for copy in range(copies):
        source = LONGEST_ONLY if rng.random() < drop_durations else FULL
        made[copy] = change(kind, variants[source], rng)
    return made


def copy_of_view(
    array: npt.NDArray[np.generic], number: int, settings: TrainingSettings
) -> npt.NDArray[np.generic]:
    """The full view, changed as copy ``number`` (from 1) of a prediction averaged over copies."""
    views = np.asarray(array[FULL]).astype(np.uint8, copy=False)
    return change(settings.augmentation, views, np.random.default_rng(number))
