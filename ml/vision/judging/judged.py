"""What is judged: a model version's probabilities for labeled glitches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ml.vision.errors import NothingToTest, NotTheSameTest


@dataclass(frozen=True)
class Judged:
    """A model version's ``probabilities`` (n, C) for n labeled glitches.

    ``glitch_ids`` and true ``labels`` (n,) are the test set; ``classes`` are the columns, and may
    lack classes that occur in ``labels``.
    """

    classes: Sequence[str]
    probabilities: npt.NDArray[np.floating]
    labels: Sequence[str]
    glitch_ids: Sequence[str] = ()

    def __len__(self) -> int:
        return len(self.labels)

    def check(self) -> None:
        """Raises NothingToTest for an empty test set."""
        if not len(self.labels):
            raise NothingToTest("The gold test set is empty: nothing to judge by.")

    def some(self, rows: npt.NDArray[np.bool_] | npt.NDArray[np.integer]) -> Judged:
        """The same for some of the glitches: a mask (n,) or places (m,)."""
        places = np.arange(len(self.labels))[rows]
        return replace(
            self,
            probabilities=self.probabilities[places],
            labels=[self.labels[place] for place in places],
            glitch_ids=[self.glitch_ids[place] for place in places] if self.glitch_ids else (),
        )


@dataclass(frozen=True)
class Aligned:
    """``probabilities`` (n, K), ``truth`` (n,) and ``said`` (n,) as places among ``classes``.

    The classes are the judged ones, then those that only occur among the labels, with
    probability 0.
    """

    classes: list[str]
    probabilities: npt.NDArray[np.float64]
    truth: npt.NDArray[np.intp]

    @property
    def said(self) -> npt.NDArray[np.intp]:
        return np.asarray(self.probabilities.argmax(axis=1))

    @property
    def right(self) -> npt.NDArray[np.bool_]:
        return np.asarray(self.said == self.truth)

    @property
    def confidence(self) -> npt.NDArray[np.float64]:
        return np.asarray(self.probabilities.max(axis=1))


def align_columns(
    probabilities: npt.NDArray[np.floating], have: Sequence[str], want: Sequence[str]
) -> npt.NDArray[np.float64]:
    """(n, len(have)) -> (n, len(want)): classes of ``want`` that ``have`` lacks get 0."""
    aligned = np.zeros((len(probabilities), len(want)))
    for column, label in enumerate(want):
        if label in have:
            aligned[:, column] = probabilities[:, list(have).index(label)]
    return aligned


def align(judged: Judged) -> Aligned:
    """Truth and probabilities over one list of classes."""
    known = list(judged.classes)
    classes = known + sorted(set(judged.labels) - set(known))
    places = {label: place for place, label in enumerate(classes)}
    return Aligned(
        classes,
        align_columns(judged.probabilities, known, classes),
        np.array([places[label] for label in judged.labels], np.intp),
    )


def on_same_glitches(first: Judged, second: Judged) -> tuple[Judged, Judged]:
    """Both on the glitches that both were judged on, in the order of the first.

    What one of them cannot read, for want of a duration that the other does without, is left out.
    """
    places = {key: place for place, key in enumerate(second.glitch_ids)}
    mine = [place for place, key in enumerate(first.glitch_ids) if key in places]
    theirs = [places[first.glitch_ids[place]] for place in mine]
    return first.some(np.array(mine, np.intp)), second.some(np.array(theirs, np.intp))


def check_same_test(first: Judged, second: Judged) -> None:
    """Raises NotTheSameTest unless both were judged on the same glitches in the same order."""
    same = list(first.labels) == list(second.labels) and list(first.glitch_ids) == list(
        second.glitch_ids
    )
    if not same:
        raise NotTheSameTest(
            f"The candidate was judged on {len(first)} test glitches, the active version on "
            f"{len(second)} others; score both on the same list."
        )
