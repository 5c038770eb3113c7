"""All that is said of one model version on labeled glitches, as plain JSON.

Beside the figures of :func:`ml.vision.evaluate.metrics`: top-1 to top-5 and the accuracy on 20
classes as George et al. (2017) report them, averages of precision and recall and the areas under
ROC and precision-recall curves as later reports do, bootstrap intervals, and how far the
confidence can be taken at its word.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import (
    average_precision_score,
    precision_recall_curve,
    precision_recall_fscore_support,
    roc_auc_score,
    roc_curve,
)

from ml.vision.evaluate import log_loss, metrics
from ml.vision.judging.bins import bin_of
from ml.vision.judging.intervals import bootstrap, figures_of, interval, interval_of_error
from ml.vision.judging.judged import Aligned, Judged, align
from ml.vision.judging.shares import share_interval

# George et al. give their accuracy a second time without these two, which Livingston alone has and
# which the first classifiers of Gravity Spy did not know.
LINE_CLASSES = ("1080Lines", "1400Ripples")
TOP = (1, 2, 3, 4, 5)
AVERAGES = ("micro", "macro", "weighted")
CURVE_POINTS = 60


def figures(judged: Judged, seed: int = 0) -> dict[str, Any]:
    """Every figure of one version; ``seed`` draws the bootstrap. Raises NothingToTest."""
    judged.check()
    a = align(judged)
    found = metrics(judged.probabilities, judged.labels, judged.classes)
    drawn = bootstrap(figures_of(a, log_loss(a)), len(judged), seed)
    intervals = {name: list(interval(values)) for name, values in drawn.items()}
    # Where all are right, every draw of them is, and a bootstrap would leave no doubt.
    intervals["accuracy"] = list(share_interval(int(a.right.sum()), len(judged)))
    intervals["ece"] = list(interval_of_error(drawn["ece"], found["ece"]))
    for place, label in enumerate(a.classes):
        found["per_class"][label] |= _class_areas(a, place) | _recall_interval(a, place)
    return found | {
        "top": top_accuracies(a),
        "without_lines": accuracy_without(judged, LINE_CLASSES),
        "averages": averages(a),
        "intervals": intervals,
        "reliability": reliability(a),
        "curves": {label: _curves(a, place) for place, label in enumerate(a.classes)},
    }


def top_accuracies(a: Aligned) -> dict[str, float]:
    """The share whose true class is among the k most probable, for k = 1 to 5.

    A class of probability 0, as one that the version does not know, is never among them.
    """
    chosen = a.probabilities[np.arange(len(a.truth)), a.truth]
    # Ties go against the version: a class at equal probability counts as ranked before.
    rank = (a.probabilities >= chosen[:, None]).sum(axis=1)  # (n,) 1 = the most probable
    rank = np.where(a.right, 1, np.maximum(rank, 2))
    return {str(k): float(((rank <= k) & (chosen > 0)).mean()) for k in TOP}


def accuracy_without(judged: Judged, left_out: tuple[str, ...]) -> dict[str, Any]:
    """Accuracy over the glitches of the other classes; None where there are none."""
    a = align(judged)
    stays = ~np.isin(a.truth, [a.classes.index(c) for c in left_out if c in a.classes])
    return {
        "left_out": list(left_out),
        "count": int(stays.sum()),
        "accuracy": float(a.right[stays].mean()) if stays.any() else None,
    }


def averages(a: Aligned) -> dict[str, dict[str, float | None]]:
    """Precision, recall, F1 and both areas, averaged micro, macro and weighted by glitches.

    Over the classes that occur among the labels or among the answers, as scikit-learn has it: so
    each micro average is the accuracy, and what is called by a class that was not tested is a false
    alarm. Micro areas pool all classes; the others leave out those that do not occur among the
    labels, which have none. An area is None where only one class occurs.
    """
    present = np.unique(a.truth)
    hot = (a.truth[:, None] == np.arange(len(a.classes))).astype(int)  # (n, K)
    rows: dict[str, dict[str, float | None]] = {}
    for kind in AVERAGES:
        precision, recall, f1, _ = precision_recall_fscore_support(
            a.truth, a.said, average=kind, zero_division=0
        )
        several = len(present) > 1
        over = np.arange(len(a.classes)) if kind == "micro" else present
        h, p = hot[:, over], a.probabilities[:, over]  # (n, P)
        rows[kind] = {
            "precision": float(precision),
            "recall": float(recall),
            "f1": float(f1),
            "roc_auc": float(roc_auc_score(h, p, average=kind)) if several else None,
            "pr_auc": float(average_precision_score(h, p, average=kind)) if several else None,
        }
    return rows


def reliability(a: Aligned) -> list[dict[str, float | int]]:
    """The bins of the calibration error that are in use.

    Of each its mean confidence, the share right with its interval, and the count.
    """
    bins = bin_of(a.confidence)
    rows: list[dict[str, float | int]] = []
    for place in np.unique(bins):
        inside = bins == place
        hits, count = int(a.right[inside].sum()), int(inside.sum())
        low, high = share_interval(hits, count)
        rows.append(
            {
                "confidence": float(a.confidence[inside].mean()),
                "accuracy": hits / count,
                "low": low,
                "high": high,
                "count": count,
            }
        )
    return rows


def _is_mixed(hits: npt.NDArray[np.bool_]) -> bool:
    """Whether the class and other classes both occur: else neither curve is defined."""
    return bool(hits.any() and not hits.all())


def _class_areas(a: Aligned, place: int) -> dict[str, float | None]:
    """One class against the rest."""
    hits, p = a.truth == place, a.probabilities[:, place]
    if not _is_mixed(hits):
        return {"roc_auc": None, "pr_auc": None}
    return {
        "roc_auc": float(roc_auc_score(hits, p)),
        "pr_auc": float(average_precision_score(hits, p)),
    }


def _recall_interval(a: Aligned, place: int) -> dict[str, float]:
    mine = a.truth == place
    low, high = share_interval(int(a.right[mine].sum()), int(mine.sum()))
    return {"recall_low": low, "recall_high": high}


def _curves(a: Aligned, place: int) -> dict[str, list[list[float]]] | None:
    """ROC as (false positive rate, recall) and PR as (recall, precision), of few points."""
    hits, p = a.truth == place, a.probabilities[:, place]
    if not _is_mixed(hits):
        return None
    false_rate, true_rate, _ = roc_curve(hits, p)
    precision, recall, _ = precision_recall_curve(hits, p)
    return {
        "roc": _thinned(false_rate, true_rate),
        "pr": _thinned(recall[::-1], precision[::-1]),
    }


def _thinned(x: npt.NDArray[np.floating], y: npt.NDArray[np.floating]) -> list[list[float]]:
    places = np.unique(np.linspace(0, len(x) - 1, min(CURVE_POINTS, len(x))).round().astype(int))
    return [[round(float(x[i]), 4), round(float(y[i]), 4)] for i in places]
