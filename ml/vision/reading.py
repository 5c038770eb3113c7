"""A training set's pictures and labels, read and at hand."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ml.vision.activations import InputMaker, Inputs
from ml.vision.dataset import Example, Skipped, TrainingSet, check_trainable
from ml.vision.draws import Labeled
from ml.vision.novelty import Sketches
from ml.vision.store import hash_of
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
    classes = training_set.classes
    inputs = {}
    labeled = {}
    contents: dict[str, str] = {}
    begun, whole = 0, len(training_set.train) + len(training_set.validation)
    for split, maker, examples in (
        ("train", with_copies, training_set.train),
        ("val", without_copies, training_set.validation),
    ):
        with part(begun, begun + len(examples), of=whole):
            inputs[split] = maker.make([example.pictures for example in examples])
        begun += len(examples)
        labeled[split] = label_inputs(inputs[split], examples, classes, soft=soft)
        kept = [examples[index].pictures.glitch_id for index in inputs[split].kept]
        contents |= dict(zip(kept, inputs[split].contents, strict=True))
    check_trainable(classes, [classes[column] for column in labeled["train"].columns])
    rows = [
        (split, content, int(column), float(weight))
        for split, part in labeled.items()
        for content, column, weight in zip(
            inputs[split].contents, part.columns, part.weights, strict=True
        )
    ]
    targets = [part.targets.tolist() for part in labeled.values() if part.targets is not None]
    skipped = (*inputs["train"].skipped, *inputs["val"].skipped)
    for glitch in skipped:
        logger.warning("glitch %s left out of training: %s", glitch.glitch_id, glitch.reason)
    data_hash = hash_of(classes, rows, *targets)
    sketches = {split: np.array(found.sketches, np.uint8) for split, found in inputs.items()}
    guesses = np.array([training_set.train[row].is_guess for row in inputs["train"].kept], bool)
    return Read(
        labeled["train"],
        labeled["val"],
        sketches["train"],
        guesses,
        sketches["val"],
        skipped,
        contents,
        data_hash,
    )


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
