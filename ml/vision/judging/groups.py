"""The same figures by detector, observing run and week, and by how near the training lay."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ml.vision.evaluate import metrics
from ml.vision.judging.judged import Judged
from ml.vision.judging.nearness import UNKNOWN, Origins, nearness
from ml.vision.judging.shares import share_interval

SECONDS_PER_WEEK = 7 * 24 * 3600
# GPS seconds from begin to end, after the run pages of gwosc.org.
RUNS = (
    ("O1", 1126051217, 1137254417),
    ("O2", 1164556817, 1187733618),
    ("O3a", 1238166018, 1253977218),
    ("O3b", 1256655618, 1269363618),
    ("O4a", 1368975618, 1389456018),
    ("O4b", 1396796418, 1422118818),
    ("O4c", 1422118818, 1447516818),
)


def run_of(gps: float) -> str:
    """The observing run that a GPS second lies in.

    >>> run_of(1238166018), run_of(1.0), run_of(float("nan"))
    ('O3a', 'between runs', 'unknown')
    """
    if not np.isfinite(gps):
        return UNKNOWN
    return next((name for name, begin, end in RUNS if begin <= gps < end), "between runs")


def week_of(gps: float) -> str:
    """The GPS second at which the week begins, as text."""
    if not np.isfinite(gps):
        return UNKNOWN
    return str(int(gps // SECONDS_PER_WEEK) * SECONDS_PER_WEEK)


def by_groups(judged: Judged, origins: Origins) -> dict[str, list[dict[str, Any]]]:
    """Rows of figures by "detector", "run", "week" and "training"; in the order of their names."""
    kinds = {
        "detector": list(origins.detectors),
        "run": [run_of(t) for t in origins.times],
        "week": [week_of(t) for t in origins.times],
        "training": nearness(origins),
    }
    return {kind: _rows(judged, np.array(names, dtype=str)) for kind, names in kinds.items()}


def _rows(judged: Judged, names: npt.NDArray[np.str_]) -> list[dict[str, Any]]:
    rows = []
    for name in np.unique(names):
        part = judged.some(names == name)
        found = metrics(part.probabilities, part.labels, part.classes)
        low, high = share_interval(round(found["accuracy"] * found["count"]), found["count"])
        rows.append(
            {
                "name": str(name),
                **{key: found[key] for key in ("count", "accuracy", "macro_f1", "log_loss", "ece")},
                "low": low,
                "high": high,
            }
        )
    return rows
