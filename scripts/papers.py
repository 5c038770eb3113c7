"""The papers' tables with our figures beside them, as text.

``found``: recipe -> ``{"figures": ...}`` as of ``manage.py evaluate --json``, or
``{"error": why there are none}``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ml.vision.judging.tables import Row, as_text, class_table

Figures = Mapping[str, Any]
Found = Mapping[str, Mapping[str, Any]]
# Percent. George, Shen and Huerta, Physical Review D 97 (2018) 101501, table II and its longer
# version (top-1 to top-5, top-1 without the two line classes); the merged-view network after
# Zevin et al. (2017), measured there; the baseline is given as "over 95 %".
GEORGE: dict[str, tuple[float, ...]] = {
    "george-inception-v3": (98.84, 99.71, 99.88, 99.94, 100.0, 98.76),
    "george-inception-v2": (98.78, 99.59, 99.71, 99.94, 100.0, 98.70),
    "george-resnet50": (98.84, 99.71, 99.83, 99.94, 100.0, 98.76),
    "george-vgg16": (98.15, 99.36, 99.71, 99.83, 99.88, 98.02),
    "george-vgg19": (98.21, 99.31, 99.60, 99.71, 99.71, 98.08),
    "merged-view-cnn": (96.70, 98.32, 99.13, 99.31, 99.36, 96.72),
    "logistic-features": (95.0,),
}
TOP_COLUMNS = ("top-1", "top-2", "top-3", "top-4", "top-5", "top-1, 20 classes")
# Percent. Report of Spartificial (2023): accuracy, then averages of precision and of recall. It
# also judges by the areas under both curves, of which no figure is at hand.
SPARTIFICIAL: dict[str, tuple[float, ...]] = {
    "spartificial-resnet50": (96.31, 96.35, 96.31, 94.96, 96.31, 96.31, 93.17),
}
AVERAGED = [(of, kind) for of in ("precision", "recall") for kind in ("weighted", "micro", "macro")]
AVERAGE_COLUMNS = (
    "accuracy",
    *(f"{of[:4]}. {kind}" for of, kind in AVERAGED),
    "ROC area",
    "PR area",
)
# Accuracy, F1 and ECE in percent, each on glitches of its own.
LATER: dict[str, tuple[float | None, ...]] = {
    "Wu et al. 2024 (arXiv 2401.12913), O3, 23 classes": (94.1, 93.1, 6.0),
    "Virgo O3b, ResNet34 (arXiv 2604.13687)": (98.3, 97.7, None),
    "ViT-B/16, 227,943 glitches, split in time": (93.4, 72.3, None),
}
LATER_COLUMNS = ("accuracy", "F1", "ECE")
OTHER_DATA = "Measured on other glitches, so only roughly comparable with ours on this test set:"
NO_FIGURE = "–"


def all_tables(found: Found, recipes: Sequence[str]) -> str:
    """Every table with its title, below each other; last the recipes without figures, and why."""
    named = {name: found[name]["figures"] for name in recipes if "figures" in found.get(name, {})}
    parts = [
        ("George, Shen and Huerta 2018, percent", beside(GEORGE, TOP_COLUMNS, _top, named)),
        (
            "Spartificial 2023, percent",
            beside(SPARTIFICIAL, AVERAGE_COLUMNS, _averages, named),
        ),
        (f"Later figures, percent. {OTHER_DATA}", _later(named)),
    ]
    if named:
        parts.append(("Precision / recall by class", _by_class(named)))
    text = "".join(f"\n{title}\n{as_text(rows)}\n" for title, rows in parts)
    reasons = [
        f"  {name}: {found.get(name, {}).get('error', 'not trained yet')}"
        for name in recipes
        if name not in named
    ]
    return text + "".join(f"{line}\n" for line in ["\nNo figures of", *reasons] if reasons)


def beside(
    paper: Mapping[str, Sequence[float]],
    columns: Sequence[str],
    ours: Callable[[Figures], Sequence[float | None]],
    named: Mapping[str, Figures],
) -> list[Row]:
    """The paper's row of each recipe that it has, and ours of each that was judged."""
    rows: list[Row] = [["recipe", "", *columns]]
    for name in dict.fromkeys([*paper, *named]):
        if name in paper:
            rows.append([name, "paper", *_cells(paper[name], columns)])
        if name in named:
            shares = [None if one is None else 100 * one for one in ours(named[name])]
            rows.append([name, "here", *_cells(shares, columns)])
    return rows


def _top(figures: Figures) -> list[float | None]:
    top: list[float | None] = [figures["top"][str(k)] for k in range(1, 6)]
    return [*top, figures["without_lines"]["accuracy"]]


def _averages(figures: Figures) -> list[float | None]:
    averages = figures["averages"]
    areas = [averages["macro"][area] for area in ("roc_auc", "pr_auc")]
    return [figures["accuracy"], *(averages[kind][of] for of, kind in AVERAGED), *areas]


def _later(named: Mapping[str, Figures]) -> list[Row]:
    rows: list[Row] = [["", *LATER_COLUMNS]]
    rows += [[source, *_cells(values, LATER_COLUMNS)] for source, values in LATER.items()]
    for name, figures in named.items():
        shares = [100 * figures[key] for key in ("accuracy", "macro_f1", "ece")]
        rows.append([f"{name}, here", *_cells(shares, LATER_COLUMNS)])
    return rows


def _by_class(named: Mapping[str, Figures]) -> list[Row]:
    """A column a recipe, so that many of them fit beside each other."""
    _, *rows = class_table(named, ("precision", "recall"))
    pairs = [[f"{p} / {r}" for p, r in zip(row[2::2], row[3::2], strict=True)] for row in rows]
    lines = [[*row[:2], *cells] for row, cells in zip(rows, pairs, strict=True)]
    return [["class", "glitches", *named], *lines]


def _cells(values: Sequence[float | None], columns: Sequence[str]) -> list[str]:
    """As many as there are columns; a dash where there is no figure."""
    filled = [*values, *[None] * (len(columns) - len(values))]
    return [NO_FIGURE if value is None else f"{value:.2f}" for value in filled]
