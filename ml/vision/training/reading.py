"""A training set's pictures and labels, read and at hand."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ml.vision.confidence.novelty import Sketches
from ml.vision.inputs.activations import InputMaker, Inputs
from ml.vision.inputs.dataset import Example, Skipped, TrainingSet, check_trainable
from ml.vision.storage.store import hash_of
from ml.vision.training.draws import Labeled
from ml.wanted import part

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Read:
    """The readable part of a training set; its arrays lie on disk.

    ``sketches`` and ``validation_sketches``: (n, d, 28, 7) of the same glitches; ``guesses`` (n,):
    which labels of the training no person gave; ``contents``: glitch -> hash of its pictures, of
    both splits.
    """

    train: Labeled
    validation: Labeled
    sketches: Sketches
    guesses: npt.NDArray[np.bool_]
    validation_sketches: Sketches
    skipped: tuple[Skipped, ...]
    contents: dict[str, str]
    data_hash: str


def read_set(
    with_copies: InputMaker,
    without_copies: InputMaker,
    training_set: TrainingSet,
    *,
    soft: bool = False,
) -> Read:
    """Both splits, the train split ``with_copies``; ``soft``: with the posteriors as targets.

    Raises NothingToTrain if no picture of a class is readable in the train split.
    """
    classes = training_set.classes
    examples, validated = training_set.train, training_set.validation
    whole = len(examples) + len(validated)
    with part(0, len(examples), of=whole):
        seen = with_copies.make([one.pictures for one in examples])
    with part(len(examples), whole, of=whole):
        checked = without_copies.make([one.pictures for one in validated])
    train = label_inputs(seen, examples, classes, soft=soft)
    validation = label_inputs(checked, validated, classes, soft=soft)
    check_trainable(classes, [classes[column] for column in train.columns])
    skipped = (*seen.skipped, *checked.skipped)
    for glitch in skipped:
        logger.warning("glitch %s left out of training: %s", glitch.glitch_id, glitch.reason)
    return Read(
        train,
        validation,
        np.array(seen.sketches, np.uint8),
        np.array([examples[row].is_guess for row in seen.kept], bool),
        np.array(checked.sketches, np.uint8),
        skipped,
        _contents(seen, examples) | _contents(checked, validated),
        _hash_of_data(classes, {"train": (seen, train), "val": (checked, validation)}),
    )


def _contents(inputs: Inputs, examples: Sequence[Example]) -> dict[str, str]:
    """Glitch -> hash of its pictures, of those that could be read."""
    kept = [examples[row].pictures.glitch_id for row in inputs.kept]
    return dict(zip(kept, inputs.contents, strict=True))


def _hash_of_data(classes: tuple[str, ...], splits: Mapping[str, tuple[Inputs, Labeled]]) -> str:
    """Over the pictures' content and what is learned from them, split by split."""
    rows = [
        (split, content, int(column), float(weight))
        for split, (inputs, labeled) in splits.items()
        for content, column, weight in zip(
            inputs.contents, labeled.columns, labeled.weights, strict=True
        )
    ]
    parts = [labeled.targets for _, labeled in splits.values()]
    return hash_of(classes, rows, *(targets.tolist() for targets in parts if targets is not None))


def label_inputs(
    inputs: Inputs, examples: Sequence[Example], classes: tuple[str, ...], *, soft: bool = False
) -> Labeled:
    """The examples of what could be read. What a soft target doubts is not weighted down besides:
    its weight is 1."""
    kept = [examples[index] for index in inputs.kept]
    return Labeled(
        inputs.arrays,
        np.array([classes.index(example.label) for example in kept], np.int64),
        np.array([1.0 if soft and any(_held(e, classes)) else e.weight for e in kept], np.float64),
        soft_labels(kept, classes) if soft else None,
    )


def soft_labels(examples: Sequence[Example], classes: tuple[str, ...]) -> npt.NDArray[np.float64]:
    """(n, C), rows with sum 1: each example's posterior over ``classes``, else its label alone.

    What a posterior holds of classes that are not trained is dealt out among the others.
    """
    targets = np.zeros((len(examples), len(classes)))
    for row, example in zip(targets, examples, strict=True):
        row[:] = _held(example, classes)
        if not row.any():
            row[classes.index(example.label)] = 1.0
    return targets / targets.sum(axis=1, keepdims=True)


def _held(example: Example, classes: tuple[str, ...]) -> list[float]:
    """What its posterior gives each class (C,); all 0 where there is none, or none of these."""
    held = example.posterior or {}
    return [max(held.get(label, 0.0), 0.0) for label in classes]
