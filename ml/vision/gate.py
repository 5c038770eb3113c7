"""Whether a candidate model version replaces the active one. NumPy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ml.vision.errors import NothingToTest, NotTheSameTest
from ml.vision.evaluate import metrics


@dataclass(frozen=True)
class Judged:
    """A model version's ``probabilities`` (n, C) for the gold test set.

    ``glitch_ids`` and true ``labels`` (n,) are the test set, the same and in the same order for
    both sides; ``classes`` are the columns, and may lack classes that occur in ``labels``.
    """

    classes: Sequence[str]
    probabilities: npt.NDArray[np.floating]
    labels: Sequence[str]
    glitch_ids: Sequence[str] = ()


@dataclass(frozen=True)
class Decision:
    """``reason`` is one sentence with the figures, for the record and the pages."""

    goes_live: bool
    reason: str


def decide(candidate: Judged, active: Judged | None) -> Decision:
    """Higher accuracy goes live; at equal accuracy, lower log loss does.

    Without an active version the candidate must beat always naming the commonest class. Raises
    NothingToTest for an empty test set, NotTheSameTest if the two were judged on different ones.
    """
    count = len(candidate.labels)
    if not count:
        raise NothingToTest("The gold test set is empty: nothing to judge the candidate by.")
    new = metrics(candidate.probabilities, candidate.labels, candidate.classes)
    on = f"on the same {count} gold test glitches"
    if active is None:
        _, counts = np.unique(np.asarray(candidate.labels, dtype=str), return_counts=True)
        majority = float(counts.max() / count)
        goes_live = new["accuracy"] > majority
        verb = "beats" if goes_live else "does not beat"
        return Decision(
            goes_live,
            f"No version is active; the candidate's accuracy of {new['accuracy']:.3f} {verb} the "
            f"{majority:.3f} of always naming the commonest class, {on}.",
        )
    _check_same_test(candidate, active)
    old = metrics(active.probabilities, active.labels, active.classes)
    return _compare(new, old, on, _new_classes(candidate, active))


def _compare(new: dict[str, float], old: dict[str, float], on: str, new_classes: str) -> Decision:
    hits_new, hits_old = (round(side["accuracy"] * side["count"]) for side in (new, old))
    better_loss = new["log_loss"] < old["log_loss"]
    goes_live = hits_new > hits_old or (hits_new == hits_old and better_loss)
    accuracies = f"{new['accuracy']:.3f} against {old['accuracy']:.3f}"
    losses = f"{new['log_loss']:.3f} against {old['log_loss']:.3f}"
    if hits_new != hits_old:
        word = "higher" if goes_live else "lower"
        return Decision(
            goes_live, f"Accuracy is {word}, {accuracies} (log loss {losses}), {on}{new_classes}."
        )
    word = "lower" if goes_live else "not lower"
    return Decision(
        goes_live,
        f"Accuracy is equal, {accuracies}, and log loss {word}, {losses}, {on}{new_classes}.",
    )


def _new_classes(candidate: Judged, active: Judged) -> str:
    added = [label for label in candidate.classes if label not in active.classes]
    return f"; the candidate also knows {', '.join(added)}" if added else ""


def _check_same_test(candidate: Judged, active: Judged) -> None:
    same = list(candidate.labels) == list(active.labels) and list(candidate.glitch_ids) == list(
        active.glitch_ids
    )
    if not same:
        raise NotTheSameTest(
            f"The candidate was judged on {len(candidate.labels)} test glitches, the active "
            f"version on {len(active.labels)} others; score both on the same list."
        )
