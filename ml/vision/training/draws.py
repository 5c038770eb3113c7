"""Which glitches a minibatch holds, and how each is shown."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ml.vision.inputs.augment import change, without_some
from ml.vision.inputs.views import FULL, LONGEST_ONLY, VARIANTS
from ml.vision.recipes.rules import ATTENTION
from ml.vision.recipes.settings import TrainingSettings

COPIES_SHARE = 0.6  # of the draws, where there are copies


@dataclass(frozen=True)
class Labeled:
    """Inputs of n glitches: ``arrays[i]`` (2 + copies, ...), ``columns`` and ``weights`` (n,).

    ``targets`` (n, C), rows with sum 1, where labels are soft.
    """

    arrays: list[npt.NDArray[np.generic]]
    columns: npt.NDArray[np.int64]
    weights: npt.NDArray[np.float64]
    targets: npt.NDArray[np.float64] | None = None

    def __len__(self) -> int:
        return len(self.arrays)


@dataclass(frozen=True)
class Pick:
    """One glitch as it is to be shown: its row, the variant, and the chance for its changes."""

    row: int
    variant: int
    seed: int


def draw_order(
    train: Labeled, settings: TrainingSettings, rng: np.random.Generator
) -> npt.NDArray[np.intp]:
    """(n,) rows of one epoch: each once, or every class alike often, with repetitions."""
    if settings.sampling != "balanced":
        return rng.permutation(len(train))
    counts = np.bincount(train.columns)
    chances = 1 / (np.count_nonzero(counts) * counts[train.columns])
    return rng.choice(len(train), len(train), p=chances)


def pick(train: Labeled, row: int, settings: TrainingSettings, rng: np.random.Generator) -> Pick:
    """A training glitch as it is, its longest picture only, or a copy."""
    array = train.arrays[row]
    if len(array) > VARIANTS and rng.random() < COPIES_SHARE:
        return Pick(row, int(rng.integers(VARIANTS, len(array))), 0)
    variant = LONGEST_ONLY if rng.random() < settings.drop_durations else FULL
    are_views = array.dtype == np.uint8  # nothing is frozen: changes are drawn anew each time
    return Pick(row, variant, int(rng.integers(2**63)) if are_views else 0)


def show(
    array: npt.NDArray[np.generic], picked: Pick, settings: TrainingSettings
) -> npt.NDArray[np.generic]:
    """What a :class:`Pick` makes of its glitch's array; the same pick makes the same."""
    if array.dtype != np.uint8:
        return np.asarray(array[picked.variant])
    rng = np.random.default_rng(picked.seed)
    by_attention = settings.layout == ATTENTION
    # With attention a duration can be missing by itself, so none needs to be cut from the longest.
    views = np.asarray(array[FULL if by_attention else picked.variant]).astype(np.uint8, copy=False)
    if settings.copies:
        views = change(settings.augmentation, views, rng)
    return without_some(views, rng) if by_attention and picked.variant == LONGEST_ONLY else views
