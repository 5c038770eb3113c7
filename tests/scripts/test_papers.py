"""The papers' tables with ours beside."""

from scripts.papers import GEORGE, SPARTIFICIAL, TOP_COLUMNS, all_tables

AVERAGES = {
    kind: {"precision": p, "recall": r, "f1": 0.5, "roc_auc": 0.99, "pr_auc": 0.98}
    for kind, p, r in (("micro", 0.9, 0.9), ("macro", 0.8, 0.7), ("weighted", 0.91, 0.9))
}
FIGURES = {
    "top": {"1": 0.9, "2": 0.95, "3": 0.97, "4": 0.98, "5": 1.0},
    "without_lines": {"accuracy": None},
    "accuracy": 0.9,
    "macro_f1": 0.75,
    "ece": 0.0625,
    "count": 10,
    "classes": ["Blip", "Whistle"],
    "per_class": {
        "Blip": {"precision": 0.5, "recall": 0.25, "support": 4},
        "Whistle": {"precision": 1.0, "recall": 1.0, "support": 6},
    },
    "averages": AVERAGES,
}


def rows_of(text, title):
    """The lines below a title, split at blanks."""
    below = text[text.index(title) :].split("\n\n")[0]
    return [line.split() for line in below.splitlines()[1:]]


def test_the_papers_figures_stand_above_ours_in_each_table():
    found = {
        "nota-cpu": {"version": 1, "figures": FIGURES},
        "spartificial-resnet50": {"version": 2, "figures": FIGURES},
        "george-vgg16": {"error": "missing_weights: no vgg16.pth"},
    }
    text = all_tables(found, ["george-vgg16", "spartificial-resnet50", "nota-cpu", "nota"])
    george = rows_of(text, "George, Shen and Huerta")
    assert george[0][1:] == " ".join(TOP_COLUMNS).split()
    assert ["george-vgg16", "paper", "98.15", "99.36", "99.71", "99.83", "99.88", "98.02"] in george
    assert george[-1] == ["nota-cpu", "here", "90.00", "95.00", "97.00", "98.00", "100.00", "–"]

    paper, here, nota = rows_of(text, "Spartificial 2023")[1:]
    assert " ".join(paper[1:]) == "paper 96.31 96.35 96.31 94.96 96.31 96.31 93.17 – –"
    assert " ".join(here[1:]) == "here 90.00 91.00 90.00 80.00 90.00 90.00 70.00 99.00 98.00"
    assert nota[:2] == ["nota-cpu", "here"]

    assert rows_of(text, "Later figures")[-1] == ["nota-cpu,", "here", "90.00", "75.00", "6.25"]
    blip = rows_of(text, "Precision / recall by class")[1]
    assert " ".join(blip) == "Blip 4 0.5000 / 0.2500 0.5000 / 0.2500"
    reasons = rows_of(text, "No figures of")
    assert " ".join(reasons[0]) == "george-vgg16: missing_weights: no vgg16.pth"
    assert " ".join(reasons[1]) == "nota: not trained yet"


def test_no_recipe_judged_leaves_the_papers_alone():
    text = all_tables({}, ["nota"])
    assert len(rows_of(text, "George")) == len(GEORGE) + 1
    assert len(rows_of(text, "Spartificial")) == len(SPARTIFICIAL) + 1
    assert "by class" not in text
