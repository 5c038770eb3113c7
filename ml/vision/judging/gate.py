"""Whether a candidate model version replaces the active one. NumPy.

Questions on the same gold test set: is it better overall, does any class fall by more than its
interval, is its confidence still to be believed; and one on the class lists: does it know every
class in use that the active version knows. One "no" keeps it out; the reason names the figures.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np

from ml.vision.evaluate import log_loss, metrics
from ml.vision.judging.intervals import bootstrap, figures_of, interval_of_error
from ml.vision.judging.judged import Judged, align, check_same_test
from ml.vision.judging.shares import share_interval

# On few test glitches the calibration error moves by chance also where nothing changed.
ECE_SLACK = 0.02
# The interval of 1 right of 1 begins at .21, of 5 of 5 at .57: one changed answer would be a veto
# for a class of few test glitches, though of equal versions some class has one by chance.
FALL_LEAST = 2
RESAMPLES = 400


@dataclass(frozen=True)
class Check:
    """One question put to the candidate; ``words``: the answer with its figures."""

    name: str
    passed: bool
    words: str

    def to_dict(self) -> dict[str, Any]:
        return {"name": self.name, "passed": self.passed, "words": self.words}


@dataclass(frozen=True)
class Decision:
    """``reason``: a few sentences with the figures, for the record and the pages."""

    goes_live: bool
    reason: str
    checks: tuple[Check, ...] = ()


def decide(
    candidate: Judged, active: Judged | None, in_use: Collection[str] | None = None
) -> Decision:
    """Higher accuracy goes live, or at equal accuracy the lower log loss, unless a class falls by
    more than its interval or is lost, or the calibration error grows beyond its own.

    ``in_use``: the classes of today (None: all); one that was closed need not be known any more.
    Without an active version the candidate must beat always naming the commonest class. Raises
    NothingToTest for an empty test set, NotTheSameTest if the two were judged on different ones.
    """
    candidate.check()
    if active is None:
        return _first(candidate)
    check_same_test(candidate, active)
    new = metrics(candidate.probabilities, candidate.labels, candidate.classes)
    old = metrics(active.probabilities, active.labels, active.classes)
    checks = (
        _overall(new, old, candidate, active),
        _every_class(new, old),
        _no_class_lost(candidate, active, in_use),
        _calibration(new, old, active),
    )
    goes_live = all(check.passed for check in checks)
    # What speaks for a version that goes live is one sentence; what speaks against it, each.
    told = checks[:1] if goes_live else [c for c in checks if c is checks[0] or not c.passed]
    return Decision(goes_live, " ".join(check.words for check in told), checks)


def _first(candidate: Judged) -> Decision:
    new = metrics(candidate.probabilities, candidate.labels, candidate.classes)
    _, counts = np.unique(np.asarray(candidate.labels, dtype=str), return_counts=True)
    majority = float(counts.max() / len(candidate))
    goes_live = new["accuracy"] > majority
    verb = "beats" if goes_live else "does not beat"
    words = (
        f"No version is active; the candidate's accuracy of {new['accuracy']:.3f} {verb} the "
        f"{majority:.3f} of always naming the commonest class, on the same {len(candidate)} gold "
        "test glitches."
    )
    return Decision(goes_live, words, (Check("overall", goes_live, words),))


def _overall(new: dict[str, Any], old: dict[str, Any], candidate: Judged, active: Judged) -> Check:
    hits_new, hits_old = (round(side["accuracy"] * side["count"]) for side in (new, old))
    better_loss = new["log_loss"] < old["log_loss"]
    passed = hits_new > hits_old or (hits_new == hits_old and better_loss)
    on = f"on the same {len(candidate)} gold test glitches{_new_classes(candidate, active)}"
    accuracies = f"{new['accuracy']:.3f} against {old['accuracy']:.3f}"
    losses = f"{new['log_loss']:.3f} against {old['log_loss']:.3f}"
    if hits_new != hits_old:
        word = "higher" if passed else "lower"
        return Check(
            "overall", passed, f"Accuracy is {word}, {accuracies} (log loss {losses}), {on}."
        )
    word = "lower" if passed else "not lower"
    return Check(
        "overall", passed, f"Accuracy is equal, {accuracies}, and log loss {word}, {losses}, {on}."
    )


def _every_class(new: dict[str, Any], old: dict[str, Any]) -> Check:
    """No class may fall below the 95 % interval of the recall that the active version has, by
    ``FALL_LEAST`` glitches or more."""
    fallen, too_few = [], []
    for label, before in old["per_class"].items():
        count = before["support"]
        if not count:
            continue
        hits, was = (round(side["per_class"][label]["recall"] * count) for side in (new, old))
        low, _ = share_interval(was, count)
        if hits >= low * count:
            continue
        words = f"{label} falls from {was} to {hits} of its {count} test glitches"
        if was - hits < FALL_LEAST:
            too_few.append(words)
        else:
            end = f"{low:.3f}".removeprefix("0")
            fallen.append(f"{words}, below {end} of them, the lower end of the interval")
    if fallen:
        return Check("classes", False, f"Kept out: {'; '.join(fallen)}.")
    said = "No class is recognised worse by more than its interval and by two glitches or more."
    if too_few:
        said += f" One glitch is too little to tell by: {'; '.join(too_few)}."
    return Check("classes", True, said)


def _no_class_lost(candidate: Judged, active: Judged, in_use: Collection[str] | None) -> Check:
    """A class without enough labels drops out of training and test alike: no figure shows it."""
    lost = [
        label
        for label in active.classes
        if label not in candidate.classes and (in_use is None or label in in_use)
    ]
    if not lost:
        return Check("class list", True, "It knows every class in use that was known before.")
    words = (
        f"Kept out: it does not know {', '.join(lost)} any more, for want of labels; add gold, or "
        "close what is no class any more."
    )
    return Check("class list", False, words)


def _calibration(new: dict[str, Any], old: dict[str, Any], active: Judged) -> Check:
    """The calibration error may not leave the 95 % interval of the active version's upward."""
    a = align(active)
    drawn = bootstrap(figures_of(a, log_loss(a)), len(active), resamples=RESAMPLES)["ece"]
    most = max(interval_of_error(drawn, old["ece"])[1], old["ece"] + ECE_SLACK)
    figures = f"{new['ece']:.3f} against {old['ece']:.3f}, at most {most:.3f}"
    if new["ece"] <= most:
        return Check("calibration", True, f"The confidence is to be believed as before: {figures}.")
    words = f"Kept out: the calibration error grows beyond what chance brings: {figures}."
    return Check("calibration", False, words)


def _new_classes(candidate: Judged, active: Judged) -> str:
    added = [label for label in candidate.classes if label not in active.classes]
    return f"; the candidate also knows {', '.join(added)}" if added else ""
