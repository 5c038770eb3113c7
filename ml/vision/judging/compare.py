"""Two model versions on the same glitches: is the difference more than chance?"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import binomtest

from ml.vision.evaluate import log_loss, metrics
from ml.vision.judging.intervals import bootstrap, figures_of, interval
from ml.vision.judging.judged import Judged, align, check_same_test

SURE = 0.05


def mcnemar(first: npt.NDArray[np.bool_], second: npt.NDArray[np.bool_]) -> dict[str, Any]:
    """McNemar's exact test on which glitches (n,) each got right (McNemar 1947).

    Only the glitches that one got right and the other wrong say anything; under no difference each
    is a fair coin.

    >>> mcnemar(np.array([True] * 6 + [False]), np.array([False] * 6 + [False]))
    {'only_first': 6, 'only_second': 0, 'p': 0.03125}
    """
    only_first = int((first & ~second).sum())
    only_second = int((second & ~first).sum())
    differ = only_first + only_second
    p = float(binomtest(only_first, differ).pvalue) if differ else 1.0
    return {"only_first": only_first, "only_second": only_second, "p": p}


def compare(first: Judged, second: Judged, seed: int = 0) -> dict[str, Any]:
    """``first`` minus ``second`` with 95 % intervals, McNemar's test overall and by class.

    The intervals are a paired bootstrap: both versions on the same draws of glitches. Raises
    NothingToTest, NotTheSameTest.
    """
    first.check()
    check_same_test(first, second)
    a, b = align(first), align(second)
    before = metrics(second.probabilities, second.labels, second.classes)
    after = metrics(first.probabilities, first.labels, first.classes)
    drawn_a = bootstrap(figures_of(a, log_loss(a)), len(first), seed)
    drawn_b = bootstrap(figures_of(b, log_loss(b)), len(first), seed)
    overall = mcnemar(a.right, b.right)
    differences = {
        name: {
            "first": after[name],
            "second": before[name],
            "difference": after[name] - before[name],
            "interval": list(interval(drawn_a[name] - drawn_b[name])),
        }
        for name in drawn_a
    }
    labels = np.asarray(first.labels, dtype=str)
    by_class = {
        str(label): mcnemar(a.right[labels == label], b.right[labels == label])
        | {
            "first": float(a.right[labels == label].mean()),
            "second": float(b.right[labels == label].mean()),
            "support": int((labels == label).sum()),
        }
        for label in np.unique(labels)
    }
    return {
        "count": len(first),
        "differences": differences,
        "mcnemar": overall,
        "words": _words(overall, differences["accuracy"]),
        "by_class": by_class,
    }


def _words(test: dict[str, Any], accuracy: dict[str, Any]) -> str:
    low, high = accuracy["interval"]
    sure = "more than chance" if test["p"] < SURE else "no more than chance may bring"
    return (
        f"The first is right alone on {test['only_first']} glitches, the second alone on "
        f"{test['only_second']}: {sure} (McNemar's exact test, p = {test['p']:.3g}). Accuracy "
        f"differs by {accuracy['difference']:+.3f} (95 % interval {low:+.3f} to {high:+.3f})."
    )
