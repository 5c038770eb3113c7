"""What a few-shot classifier looks at: four zooms into each glitch, and its pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ml.pictures import DURATIONS
from ml.vision.embedding.frozen import FeatureTable, frozen_features, pixels
from ml.vision.inputs.dataset import GlitchPictures
from ml.vision.recipes.settings import TrainingSettings
from ml.wanted import part


@dataclass(frozen=True)
class FewShotInputs:
    """``crops`` (n, 4, D) features of each duration, shortest first; ``pixels`` (n, p) of 4.0 s."""

    glitch_ids: list[str]
    crops: npt.NDArray[np.float32]
    pixels: npt.NDArray[np.float32]


def few_shot_inputs(
    glitches: Sequence[GlitchPictures], cache: Path, device: str = "auto"
) -> FewShotInputs:
    """Frozen features of each duration by itself, for the glitches readable in all of them.

    A duration without a picture is cut from a longer one, as everywhere
    (:mod:`ml.vision.inputs.views`). Raises MissingWeights.
    """
    settings = [
        TrainingSettings(durations=(duration,), trainable_blocks=0) for duration in DURATIONS
    ]
    looks = [partial(frozen_features, glitches, each, cache, device) for each in settings]
    looks.append(partial(pixels, glitches, settings[-1], cache))
    tables = []
    for number, look in enumerate(looks):
        with part(number, number + 1, of=len(looks)):
            tables.append(look())
    common = set.intersection(*(set(table.glitch_ids) for table in tables))
    rows = [_rows_of(table, common) for table in tables]
    ids = [glitch_id for glitch_id in tables[0].glitch_ids if glitch_id in common]
    return FewShotInputs(ids, np.stack(rows[:-1], axis=1), rows[-1])


def _rows_of(table: FeatureTable, glitch_ids: set[str]) -> npt.NDArray[np.float32]:
    kept = [place for place, each in enumerate(table.glitch_ids) if each in glitch_ids]
    return table.features[kept]
