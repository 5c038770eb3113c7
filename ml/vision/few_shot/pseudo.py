"""Labels that a training gives to unlabeled glitches before it begins."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ml.pictures import DURATIONS
from ml.vision.few_shot.classify import FewShotClassifier, JoinedScale
from ml.vision.few_shot.inputs import few_shot_inputs
from ml.vision.inputs.dataset import Example, GlitchPictures

LEAST_CONFIDENCE, PSEUDO_WEIGHT = 0.5, 0.5
MOST_TEACHERS = 100  # of a class: beyond thirty labels the pool adds little, and memory is finite


def pseudo_examples(
    labeled: Sequence[Example],
    unlabeled: Sequence[GlitchPictures],
    cache: Path,
    device: str = "auto",
) -> list[Example]:
    """The unlabeled glitches of which the labeled ones tell the class, with half their confidence.

    Those too unlike any are left out. Classes without a readable example get none. Features are
    held of all ``unlabeled`` and of at most MOST_TEACHERS labeled glitches a class.
    """
    known = {example.pictures.glitch_id for example in labeled}
    pool = {one.glitch_id: one for one in unlabeled if one.glitch_id not in known}
    labels = {one.pictures.glitch_id: one.label for one in teachers(labeled, MOST_TEACHERS)}
    asked = [one.pictures for one in labeled if one.pictures.glitch_id in labels]
    inputs = few_shot_inputs([longest_only(one) for one in [*asked, *pool.values()]], cache, device)
    given = [labels[key] for key in inputs.glitch_ids if key in labels]
    asking = [key for key in inputs.glitch_ids if key in pool]
    if len(set(given)) < 2 or not asking:
        return []
    joined = JoinedScale.fit(inputs.crops, inputs.pixels).transform(inputs.crops, inputs.pixels)
    count = len(given)  # the labeled come first
    model = FewShotClassifier().fit(joined[:count], np.array(given), joined[count:])
    return [
        Example(
            pool[key],
            str(model.classes_[row.argmax()]),
            PSEUDO_WEIGHT * float(row.max()),
            is_guess=True,
        )
        for key, row in zip(asking, model.pool_probabilities_, strict=True)
        if row.max() >= LEAST_CONFIDENCE
    ]


def teachers(labeled: Sequence[Example], most: int) -> list[Example]:
    """Of each class at most ``most``, evenly spaced in the order given."""
    by_label: defaultdict[str, list[Example]] = defaultdict(list)
    for example in labeled:
        by_label[example.label].append(example)
    return [one for rows in by_label.values() for one in rows[:: -(-len(rows) // most)]]


def longest_only(pictures: GlitchPictures) -> GlitchPictures:
    """The 4.0 s picture alone, into which the four zooms are then made.

    Every glitch has it; with the others, glitches that have them would lie apart for that reason.
    """
    longest = {key: path for key, path in pictures.paths.items() if key == DURATIONS[-1]}
    return GlitchPictures(pictures.glitch_id, longest)
