"""Stored figures of a model version as the points of small SVG pictures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from labeling.templatetags.nota import gps_week, percent

WIDTH, HEIGHT, EDGE = 320.0, 110.0, 6.0


@dataclass(frozen=True)
class Curve:
    """A line in a box of 100 x 100, both axes from 0 to 1."""

    title: str
    across: str
    up: str
    points: str
    area: float | None


@dataclass(frozen=True)
class Mark:
    """A share with its interval, as percent of the box's height from above."""

    name: str
    x: float
    y: float
    low: float
    high: float
    words: str


def class_curves(figures: Mapping[str, Any], label: str) -> list[Curve]:
    """ROC and precision-recall of one class against the rest; none where it is not defined."""
    curves = figures["curves"].get(label)
    if not curves:
        return []
    row = figures["per_class"][label]
    return [
        Curve("ROC", _("false positives"), _("recall"), _points(curves["roc"]), row["roc_auc"]),
        Curve(
            _("Precision and recall"),
            _("recall"),
            _("precision"),
            _points(curves["pr"]),
            row["pr_auc"],
        ),
    ]


def _points(points: Sequence[Sequence[float]]) -> str:
    """
    >>> _points([[0, 0], [0.25, 1]])
    '0,100 25,0'
    """
    return " ".join(f"{100 * x:g},{100 - 100 * y:g}" for x, y in points)


def reliability_marks(figures: Mapping[str, Any]) -> list[Mark]:
    """A mark a bin: confidence to the right, the share right upward with its interval."""
    return [
        _mark(f"{100 * row['confidence']:.0f} %", 100 * row["confidence"], row)
        for row in figures["reliability"]
    ]


def weekly_marks(figures: Mapping[str, Any]) -> list[Mark]:
    """Accuracy by week, evenly spaced in their order; weeks without gold glitches have none."""
    rows = [row for row in figures["by"]["week"] if row["name"] != "unknown"]
    step = (WIDTH - 2 * EDGE) / max(len(rows) - 1, 1)
    return [
        _mark(gps_week(row["name"]), EDGE + place * step, row) for place, row in enumerate(rows)
    ]


def _mark(name: str, x: float, row: Mapping[str, Any]) -> Mark:
    right = row["accuracy"]
    words = _("%(name)s: %(right)s of %(count)s right (%(low)s to %(high)s)") % {
        "name": name,
        "right": percent(right),
        "count": row["count"],
        "low": percent(row["low"]),
        "high": percent(row["high"]),
    }
    up = [round(100 - 100 * share, 2) for share in (right, row["low"], row["high"])]
    return Mark(name, round(x, 2), up[0], up[1], up[2], words)
