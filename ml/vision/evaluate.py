"""How good a model version is on labeled glitches, in a few figures. NumPy and scikit-learn.

What else can be said of it (curves, intervals, groups, comparisons) is in ``ml.vision.judging``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import confusion_matrix, f1_score, precision_recall_fscore_support

from ml.vision.judging.bins import bin_of
from ml.vision.judging.judged import Aligned, Judged, align

CLIP = 1e-6  # the least probability that a log loss takes, so that one blunder is not infinite


def expected_calibration_error(
    confidence: npt.NDArray[np.floating], correct: npt.NDArray[np.bool_]
) -> float:
    """Mean |confidence - accuracy| over bins of confidence, weighted by their glitches."""
    gaps = np.bincount(bin_of(confidence), confidence - correct)
    return float(np.abs(gaps).sum() / len(confidence))


def log_loss(aligned: Aligned) -> npt.NDArray[np.float64]:
    """(n,) -log of the probability given to the truth, clipped at 1e-6."""
    chosen = aligned.probabilities[np.arange(len(aligned.truth)), aligned.truth]
    return np.asarray(-np.log(np.clip(chosen, CLIP, 1.0)))


def metrics(
    probabilities: npt.NDArray[np.floating], labels: Sequence[str], classes: Sequence[str]
) -> dict[str, Any]:
    """Figures for ``probabilities`` (n, C), true ``labels`` (n,) and the columns' ``classes``.

    accuracy, macro_f1 (over classes that occur in ``labels`` or are said, as in scikit-learn),
    log_loss (natural, clipped at 1e-6), ece (15 bins), count, per_class {label: precision, recall,
    f1, support} and confusion (rows = truth, columns = predicted). Labels outside of ``classes``
    count as errors with probability 0 and get a row and a column of their own at the end. Raises
    ValueError for no glitch at all.
    """
    if not len(labels):
        raise ValueError("metrics need at least one labeled glitch")
    a = align(Judged(classes, probabilities, labels))
    every = np.arange(len(a.classes))
    per_class = precision_recall_fscore_support(a.truth, a.said, labels=every, zero_division=0)
    f1, support = per_class[2], per_class[3]
    return {
        "accuracy": float(a.right.mean()),
        "macro_f1": float(f1_score(a.truth, a.said, average="macro", zero_division=0)),
        "log_loss": float(log_loss(a).mean()),
        "ece": expected_calibration_error(a.confidence, a.right),
        "count": len(labels),
        "classes": a.classes,
        "per_class": {
            label: {
                "precision": float(per_class[0][place]),
                "recall": float(per_class[1][place]),
                "f1": float(f1[place]),
                "support": int(support[place]),
            }
            for place, label in enumerate(a.classes)
        },
        "confusion": confusion_matrix(a.truth, a.said, labels=every).tolist(),
    }
