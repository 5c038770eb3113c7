"""Figures as tables: those of the papers, and the rest, for CSV files and the terminal.

The first two are laid out as in George et al. (2017): a row a network with its top-1 to top-5
accuracies in percent and its accuracy without the two line classes; and a row a class with
precision and recall of each network.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ml.vision.judging.figures import AVERAGES, TOP

Row = list[Any]
Named = Mapping[str, Mapping[str, Any]]
CLASS_COLUMNS = ("precision", "recall", "f1", "roc_auc", "pr_auc")
# By name, since what was stored comes back from Postgres in an order of its own.
OVERALL = ("accuracy", "macro_f1", "log_loss", "ece")
BIN_COLUMNS = ("confidence", "accuracy", "low", "high", "count")
GROUP_COLUMNS = ("name", "count", *OVERALL, "low", "high")


def tables(named: Named, comparison: Mapping[str, Any] | None = None) -> dict[str, list[Row]]:
    """Each table by its name, the first row its header. ``named``: version -> its figures."""
    found = {
        "top": top_table(named),
        "per_class": class_table(named),
        "overall": _overall(named),
        "reliability": _long(named, "reliability", BIN_COLUMNS),
    }
    for kind in ("detector", "run", "week", "training"):
        found[f"by_{kind}"] = _long({n: f["by"] for n, f in named.items()}, kind, GROUP_COLUMNS)
    for name, figures in named.items():
        found[f"confusion_{name}"] = _confusion(figures)
    if comparison is not None:
        found["comparison"] = _comparison(comparison)
        found["comparison_by_class"] = _comparison_by_class(comparison)
    return found


def top_table(named: Named) -> list[Row]:
    """Percent, two digits, as printed in the paper."""
    header: Row = ["network", *(f"top-{k}" for k in TOP), "top-1 without line classes"]
    rows = [
        [
            name,
            *(_percent(figures["top"][str(k)]) for k in TOP),
            _percent(figures["without_lines"]["accuracy"]),
        ]
        for name, figures in named.items()
    ]
    return [header, *rows]


def class_table(named: Named, columns: Sequence[str] = CLASS_COLUMNS) -> list[Row]:
    """A row a class, then the averages; ``columns`` of each version."""
    header: Row = ["class", "glitches", *(f"{name} {c}" for name in named for c in columns)]
    classes = list(dict.fromkeys(c for figures in named.values() for c in figures["classes"]))
    rows = []
    for label in classes:
        of_class = [figures["per_class"].get(label, {}) for figures in named.values()]
        support = max(row.get("support", 0) for row in of_class)
        rows.append([label, support, *(_figure(row.get(c)) for row in of_class for c in columns)])
    for kind in AVERAGES:
        means = [figures["averages"][kind] for figures in named.values()]
        count = max(figures["count"] for figures in named.values())
        name = f"{kind} average"
        rows.append([name, count, *(_figure(mean[c]) for mean in means for c in columns)])
    return [header, *rows]


def _overall(named: Named) -> list[Row]:
    rows: list[Row] = [["version", "figure", "value", "low", "high"]]
    for name, figures in named.items():
        for key in OVERALL:
            rows.append(
                [name, key, *(_figure(v) for v in (figures[key], *figures["intervals"][key]))]
            )
    return rows


def _long(named: Mapping[str, Any], key: str, columns: Sequence[str]) -> list[Row]:
    """Rows of dicts below each other, the version in front."""
    rows = [(name, row) for name, figures in named.items() for row in figures[key]]
    return [["version", *columns], *([n, *(_figure(r[c]) for c in columns)] for n, r in rows)]


def _confusion(figures: Mapping[str, Any]) -> list[Row]:
    classes = figures["classes"]
    rows = zip(classes, figures["confusion"], strict=True)
    return [["truth / predicted", *classes], *([label, *counts] for label, counts in rows)]


def _comparison(found: Mapping[str, Any]) -> list[Row]:
    header: Row = ["figure", "first", "second", "difference", "low", "high"]
    rows = [
        [name, *(_figure(v) for v in (d["first"], d["second"], d["difference"], *d["interval"]))]
        for name, d in ((name, found["differences"][name]) for name in OVERALL)
    ]
    test = found["mcnemar"]
    return [
        header,
        *rows,
        ["right alone (McNemar p)", test["only_first"], test["only_second"], _figure(test["p"])],
    ]


def _comparison_by_class(found: Mapping[str, Any]) -> list[Row]:
    columns = ("support", "first", "second", "only_first", "only_second", "p")
    rows = sorted(found["by_class"].items())
    return [["class", *columns], *([label, *(_figure(r[c]) for c in columns)] for label, r in rows)]


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.2f}"


def _figure(value: Any) -> Any:
    if value is None:
        return ""
    return f"{value:.4f}" if isinstance(value, float) else value


def write_csv(found: Mapping[str, Sequence[Row]], folder: Path) -> list[Path]:
    """One file a table; returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, text in csv_files(found).items():
        paths.append(folder / name)
        paths[-1].write_text(text, newline="")
    return paths


def csv_files(found: Mapping[str, Sequence[Row]]) -> dict[str, str]:
    """The text of each table's file, by the file's name."""
    files = {}
    for name, rows in found.items():
        text = io.StringIO()
        csv.writer(text).writerows(rows)
        files[f"{name.replace(' ', '-')}.csv"] = text.getvalue()
    return files


def as_text(rows: Sequence[Row]) -> str:
    """A table for the terminal: columns as wide as they need, figures to the right."""
    texts = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in texts if i < len(row)) for i in range(len(texts[0]))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if place == 0 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=False))
        ).rstrip()
        for row in texts
    )
