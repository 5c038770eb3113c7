"""What thresholds by class are worth on glitches that they were not chosen on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ml.vision.judging.judged import Judged, align
from ml.vision.judging.shares import share_interval


def at_thresholds(
    judged: Judged, thresholds: Mapping[str, float | None]
) -> dict[str, dict[str, Any]]:
    """For each class with a threshold: how many are called so, how many of these reach it, and
    the share of those that is right, with its interval."""
    a = align(judged)
    rows: dict[str, dict[str, Any]] = {}
    for label, threshold in thresholds.items():
        if threshold is None or label not in a.classes:
            continue
        called = a.said == a.classes.index(label)
        kept = called & (a.confidence >= threshold)
        right, count = int(a.right[kept].sum()), int(kept.sum())
        low, high = share_interval(right, count)
        rows[label] = {
            "threshold": threshold,
            "called": int(called.sum()),
            "kept": count,
            "precision": right / count if count else None,
            "low": low,
            "high": high,
        }
    return rows
