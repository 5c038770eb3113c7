"""Four glitches of three classes: every figure by hand."""

import numpy as np
import pytest

from ml.vision.errors import NothingToTest
from ml.vision.judging.figures import figures
from ml.vision.judging.judged import Judged

CLASSES = ("Blip", "Whistle", "1080Lines")
P = np.array([[0.7, 0.2, 0.1], [0.5, 0.3, 0.2], [0.6, 0.3, 0.1], [0.2, 0.1, 0.7]])
LABELS = ["Blip", "Whistle", "Whistle", "1080Lines"]


@pytest.fixture(scope="module")
def found():
    return figures(Judged(CLASSES, P, LABELS))


def test_top_k_counts_the_truth_among_the_k_most_probable(found):
    assert found["top"] == {"1": 0.5, "2": 1.0, "3": 1.0, "4": 1.0, "5": 1.0}


def test_a_tie_counts_against_the_version():
    tied = Judged(CLASSES, np.array([[0.4, 0.4, 0.2]]), ["Whistle"])
    assert figures(tied)["top"] == {"1": 0.0, "2": 1.0, "3": 1.0, "4": 1.0, "5": 1.0}


def test_accuracy_without_the_line_classes_leaves_their_glitches_out(found):
    assert found["without_lines"]["count"] == 3
    assert found["without_lines"]["accuracy"] == pytest.approx(1 / 3)


def test_averages(found):
    # precision: Blip 1/3, Whistle 0 (never said), 1080Lines 1; recall: 1, 0, 1
    assert found["averages"]["micro"]["precision"] == 0.5
    assert found["averages"]["macro"]["precision"] == pytest.approx((1 / 3 + 0 + 1) / 3)
    assert found["averages"]["weighted"]["precision"] == pytest.approx((1 / 3 + 2 * 0 + 1) / 4)
    assert found["averages"]["macro"]["recall"] == pytest.approx(2 / 3)
    assert found["averages"]["weighted"]["recall"] == pytest.approx(0.5)


def test_areas_of_one_class_against_the_rest(found):
    # Whistle: .3 and .3 for its two glitches, .2 and .1 for the others: ranked without a fault.
    assert found["per_class"]["Whistle"]["roc_auc"] == 1.0
    assert found["per_class"]["Whistle"]["pr_auc"] == 1.0
    # Blip: its one glitch is above all three others.
    assert found["per_class"]["Blip"]["roc_auc"] == 1.0
    assert found["curves"]["Blip"]["roc"][-1] == [1.0, 1.0]


def test_reliability_has_a_row_for_each_bin_in_use(found):
    rows = [(r["confidence"], r["accuracy"], r["count"]) for r in found["reliability"]]
    assert rows == [
        (pytest.approx(0.5), 0.0, 1),
        (pytest.approx(0.6), 0.0, 1),
        (pytest.approx(0.7), 1.0, 2),
    ]


def test_the_calibration_error_is_read_off_the_diagram():
    # .62 (right) and .69 (wrong) lie in two bins of a fifteenth, but in one of a tenth.
    found = figures(Judged(("A", "B"), np.array([[0.62, 0.38], [0.31, 0.69]]), ["A", "A"]))
    gaps = [row["count"] * abs(row["confidence"] - row["accuracy"]) for row in found["reliability"]]
    assert sum(gaps) / 2 == pytest.approx(found["ece"]) == pytest.approx((0.38 + 0.69) / 2)


def test_intervals_hold_the_figures_and_the_seed_draws_them(found):
    for name, (low, high) in found["intervals"].items():
        assert low <= found[name] <= high
    assert figures(Judged(CLASSES, P, LABELS), seed=0)["intervals"] == found["intervals"]


def test_one_class_alone_has_no_curve_and_no_area():
    alone = figures(Judged(("Blip", "Whistle"), np.array([[0.9, 0.1]]), ["Blip"]))
    assert alone["curves"] == {"Blip": None, "Whistle": None}
    assert alone["averages"]["macro"]["roc_auc"] is None


def test_no_glitch_is_no_figure():
    with pytest.raises(NothingToTest):
        figures(Judged(CLASSES, np.zeros((0, 3)), []))
