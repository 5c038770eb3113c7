"""Rows of ``bench.recipes`` in words: one line each, and the mean over seeds."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ml.vision.judging.tables import as_text

FIGURES = ("accuracy", "top-5", "macro_f1", "ece", "log_loss")


def row_line(row: dict[str, Any]) -> str:
    changed = "".join(f" {key}={value}" for key, value in row["changed"].items())
    return (
        f"{row['recipe']:22} seed {row['seed']}: accuracy {row['accuracy']:.3f}, macro-F1 "
        f"{row['macro_f1']:.3f}, ECE {row['ece']:.3f}, {row['epochs']} epochs, "
        f"{row['processor_seconds']:.0f} s of processor{changed} {' '.join(row['notes'])}".rstrip()
    )


def summary(rows: Sequence[dict[str, Any]], note: str) -> str:
    """A line a recipe, mean ± deviation over its seeds, below ``note``."""
    names = list(dict.fromkeys(row["recipe"] for row in rows))
    lines = [["recipe", "seeds", *FIGURES]]
    for name in names:
        of_name = [row for row in rows if row["recipe"] == name]
        lines.append([name, str(len(of_name)), *(spread(of_name, key) for key in FIGURES)])
    return f"{note}\n{as_text(lines)}"


def spread(rows: Sequence[dict[str, Any]], key: str) -> str:
    """Mean ± standard deviation (of the sample) over rows; the mean alone for one.

    >>> spread([{"ece": 0.1}, {"ece": 0.3}], "ece")
    '.200 ± .141'
    """
    values = [row["top"]["5"] if key == "top-5" else row[key] for row in rows]
    mean = _short(float(np.mean(values)))
    return mean if len(values) < 2 else f"{mean} ± {_short(float(np.std(values, ddof=1)))}"


def _short(value: float) -> str:
    return f"{value:.3f}".removeprefix("0") if 0 <= value < 0.9995 else f"{value:.3f}"
