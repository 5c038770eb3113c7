"""What is trained on: glitches with their pictures and labels, split by glitch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ml.vision.errors import (
    GlitchInTwoSplits,
    NothingToTest,
    NothingToTrain,
    TooFewClasses,
    UnknownLabel,
)


@dataclass(frozen=True)
class GlitchPictures:
    """One glitch's files: duration in seconds -> picture."""

    glitch_id: str
    paths: Mapping[float, Path]


@dataclass(frozen=True)
class Example:
    """A labeled glitch; ``weight`` scales its part of the loss (1 = full trust in the label).

    ``posterior``: what is held of each class, where more than the top one is known. ``is_guess``:
    no person gave the label, but the labeled glitches did (:mod:`ml.vision.few_shot.pseudo`).
    """

    pictures: GlitchPictures
    label: str
    weight: float = 1.0
    posterior: Mapping[str, float] | None = None
    is_guess: bool = False


@dataclass(frozen=True)
class Skipped:
    """A glitch left out, and why: the code and message of the error its pictures raised."""

    glitch_id: str
    code: str
    reason: str


@dataclass(frozen=True)
class TrainingSet:
    """Class list and three splits. Validation may be empty (then nothing is chosen by it).

    ``unlabeled``: glitches to learn from without a label, if the settings ask for it.
    """

    classes: tuple[str, ...]
    train: Sequence[Example]
    validation: Sequence[Example]
    test: Sequence[Example]
    unlabeled: Sequence[GlitchPictures] = ()

    def splits(self) -> dict[str, Sequence[Example]]:
        return {"train": self.train, "validation": self.validation, "test": self.test}

    def without(self, glitch_ids: Container[str]) -> TrainingSet:
        """The same with these neither learned from nor validated on."""
        train, validation = (
            [one for one in examples if one.pictures.glitch_id not in glitch_ids]
            for examples in (self.train, self.validation)
        )
        return replace(self, train=train, validation=validation)

    def check(self) -> None:
        """Raise if no sound training can come of this set.

        TooFewClasses, NothingToTest, UnknownLabel, NothingToTrain (a class without a training
        example), GlitchInTwoSplits.
        """
        if len(set(self.classes)) < 2 or len(set(self.classes)) != len(self.classes):
            raise TooFewClasses(
                f"Training needs at least two different classes; given: {list(self.classes)}.",
                classes=list(self.classes),
            )
        if not self.test:
            raise NothingToTest("The test split is empty: label some test glitches first.")
        self._check_labels()
        check_trainable(self.classes, [example.label for example in self.train])
        self._check_splits()

    def _check_labels(self) -> None:
        for split, examples in self.splits().items():
            for example in examples:
                if example.label not in self.classes:
                    raise UnknownLabel(
                        f"Glitch {example.pictures.glitch_id} of the {split} split is labeled "
                        f"{example.label!r}, which is not in the class list.",
                        label=example.label,
                    )

    def _check_splits(self) -> None:
        first_seen: dict[str, str] = {}
        for split, examples in self.splits().items():
            for example in examples:
                glitch_id = example.pictures.glitch_id
                if first_seen.setdefault(glitch_id, split) != split:
                    raise GlitchInTwoSplits(
                        f"Glitch {glitch_id} is in {first_seen[glitch_id]} and in {split}; "
                        "split by glitch.",
                        glitch_id=glitch_id,
                    )


def check_trainable(classes: Sequence[str], labels: Sequence[str]) -> None:
    """Raise :class:`NothingToTrain` naming the classes that no label of ``labels`` carries."""
    counts = Counter(labels)
    empty = [label for label in classes if not counts[label]]
    if empty:
        raise NothingToTrain(
            f"No readable training example of {', '.join(empty)}: label some, or leave the "
            "class out of the list.",
            classes=empty,
        )
