"""Labels that a training gives to unlabeled glitches before it begins."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ml.vision.dataset import Example, GlitchPictures
from ml.vision.frozen import frozen_features
from ml.vision.settings import TrainingSettings
from ml.vision.transduce import LEAST_CONFIDENCE, PSEUDO_WEIGHT, UNLABELED, transduce

# The longest picture alone: every glitch has it, and features of glitches with and without the
# others would lie apart for that reason.
LOOK = TrainingSettings(durations=(4.0,), trainable_blocks=0)


def pseudo_examples(
    classes: Sequence[str],
    labeled: Sequence[Example],
    unlabeled: Sequence[GlitchPictures],
    cache: Path,
    device: str = "auto",
) -> list[Example]:
    """The unlabeled glitches of which the labeled ones tell the class, with half their confidence.

    Those too unlike any are left out. Classes without a readable example get none.
    """
    known = {example.pictures.glitch_id: example.label for example in labeled}
    pictures = {one.glitch_id: one for one in unlabeled if one.glitch_id not in known}
    asked = [*(example.pictures for example in labeled), *pictures.values()]
    table = frozen_features(asked, LOOK, cache, device)
    there = [label for label in classes if label in {known.get(key) for key in table.glitch_ids}]
    columns = np.array(
        [there.index(known[key]) if key in known else UNLABELED for key in table.glitch_ids]
    )
    if len(there) < 2 or not (columns == UNLABELED).any():
        return []
    said = transduce(table.features, columns, len(there))
    return [
        Example(pictures[key], there[int(row.argmax())], PSEUDO_WEIGHT * float(row.max()))
        for key, column, row in zip(table.glitch_ids, columns, said, strict=True)
        if column == UNLABELED and row.max() >= LEAST_CONFIDENCE
    ]
