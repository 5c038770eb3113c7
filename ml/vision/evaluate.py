"""How good a model version is on labeled glitches. NumPy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

CLIP = 1e-6  # the least probability that a log loss takes, so that one blunder is not infinite
BINS = 15


def align_columns(
    probabilities: npt.NDArray[np.floating], have: Sequence[str], want: Sequence[str]
) -> npt.NDArray[np.float64]:
    """(n, len(have)) -> (n, len(want)): classes of ``want`` that ``have`` lacks get 0."""
    aligned = np.zeros((len(probabilities), len(want)))
    for column, label in enumerate(want):
        if label in have:
            aligned[:, column] = probabilities[:, list(have).index(label)]
    return aligned


def expected_calibration_error(
    confidence: npt.NDArray[np.floating], correct: npt.NDArray[np.bool_], bins: int = BINS
) -> float:
    """Mean |confidence - accuracy| over equal bins of confidence, weighted by their glitches."""
    places = np.minimum((confidence * bins).astype(int), bins - 1)
    total = 0.0
    for place in np.unique(places):
        inside = places == place
        total += inside.sum() * abs(confidence[inside].mean() - correct[inside].mean())
    return float(total / len(confidence))


def metrics(
    probabilities: npt.NDArray[np.floating], labels: Sequence[str], classes: Sequence[str]
) -> dict[str, Any]:
    """Figures for ``probabilities`` (n, C), true ``labels`` (n,) and the columns' ``classes``.

    accuracy, macro_f1 (over classes that occur in ``labels``), log_loss (natural, clipped at 1e-6),
    ece (15 bins), count, per_class {label: precision, recall, f1, support} and confusion (rows =
    truth, columns = predicted). Labels outside of ``classes`` count as errors with probability 0
    and get a row and a column of their own at the end. Raises ValueError for no glitch at all.
    """
    if not len(labels):
        raise ValueError("metrics need at least one labeled glitch")
    known = list(classes)
    every = known + sorted(set(labels) - set(known))
    p = align_columns(probabilities, known, every)  # (n, K)
    truth = np.array([every.index(label) for label in labels])
    predicted = p.argmax(axis=1)
    correct = predicted == truth
    confusion = np.zeros((len(every), len(every)), int)
    np.add.at(confusion, (truth, predicted), 1)
    per_class = {label: _per_class(confusion, column) for column, label in enumerate(every)}
    chosen = np.clip(p[np.arange(len(truth)), truth], CLIP, 1.0)
    return {
        "accuracy": float(correct.mean()),
        "macro_f1": float(np.mean([row["f1"] for row in per_class.values() if row["support"]])),
        "log_loss": float(-np.log(chosen).mean()),
        "ece": expected_calibration_error(p.max(axis=1), correct),
        "count": len(labels),
        "classes": every,
        "per_class": per_class,
        "confusion": confusion.tolist(),
    }


def _per_class(confusion: npt.NDArray[np.int_], column: int) -> dict[str, float | int]:
    """Precision, recall and F1 (0 where undefined) of one class, and its count."""
    hits = int(confusion[column, column])
    support = int(confusion[column].sum())
    answered = int(confusion[:, column].sum())
    return {
        "precision": hits / answered if answered else 0.0,
        "recall": hits / support if support else 0.0,
        "f1": 2 * hits / (support + answered) if support + answered else 0.0,
        "support": support,
    }
