"""Four glitches of three classes: every figure by hand."""

import numpy as np
import pytest
from sklearn.metrics import (
    accuracy_score,
    precision_recall_fscore_support,
    roc_auc_score,
    top_k_accuracy_score,
)

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


def test_a_class_that_occurs_in_no_test_glitch_can_be_called_falsely():
    """Truth A, A, C, C; called A, B, A, C: the B is a false alarm, though no B was tested."""
    p = np.array([[0.9, 0.1, 0], [0.1, 0.9, 0], [0.8, 0.1, 0.1], [0.2, 0.1, 0.7]])
    found = figures(Judged(("A", "B", "C", "never"), np.c_[p, np.zeros(4)], list("AACC")))
    micro, macro = found["averages"]["micro"], found["averages"]["macro"]
    assert [micro[name] for name in ("precision", "recall", "f1")] == [0.5] * 3
    # Precision: A 1/2, B 0, C 1; recall: A 1/2, B 0, C 1/2. "never" is neither true nor said.
    assert macro["precision"] == pytest.approx((1 / 2 + 0 + 1) / 3)
    assert macro["recall"] == pytest.approx((1 / 2 + 0 + 1 / 2) / 3)
    assert found["macro_f1"] == pytest.approx(macro["f1"])
    low, high = found["intervals"]["macro_f1"]
    assert low <= found["macro_f1"] <= high


def drawn_at_random(absent: str) -> Judged:
    """Sixty glitches of five classes, the version right on about half; one class is not tested."""
    rng = np.random.default_rng(7)
    classes = np.array(list("ABCDE"))
    tested = classes[classes != absent]
    labels = rng.choice(tested, 60)
    p = rng.dirichlet(np.ones(5), 60) + 0.5 * (labels[:, None] == classes)
    return Judged(tuple(classes), p / p.sum(axis=1, keepdims=True), labels.tolist())


@pytest.mark.parametrize("absent", ["", "A", "E"])
def test_averages_and_top_k_are_those_of_scikit_learn(absent):
    judged = drawn_at_random(absent)
    found = figures(judged)
    said = np.array(judged.classes)[judged.probabilities.argmax(axis=1)]
    for kind, row in found["averages"].items():
        expected = precision_recall_fscore_support(
            judged.labels, said, average=kind, zero_division=0
        )
        assert [row[name] for name in ("precision", "recall", "f1")] == pytest.approx(expected[:3])
    accuracy = accuracy_score(judged.labels, said)
    micro = found["averages"]["micro"]
    assert [micro[name] for name in ("precision", "recall", "f1")] == pytest.approx([accuracy] * 3)
    assert found["macro_f1"] == pytest.approx(found["averages"]["macro"]["f1"])
    hot = np.array(judged.labels)[:, None] == np.array(judged.classes)
    area = roc_auc_score(hot.ravel(), judged.probabilities.ravel())
    assert micro["roc_auc"] == pytest.approx(area)
    for k in (1, 2, 3, 4):
        expected_top = top_k_accuracy_score(
            judged.labels, judged.probabilities, k=k, labels=judged.classes
        )
        assert found["top"][str(k)] == pytest.approx(expected_top)


def test_a_class_that_the_version_does_not_know_is_never_among_its_most_probable():
    strange = Judged(("A", "B", "C"), np.array([[0.9, 0.1, 0.0]]), ["X"])
    assert set(figures(strange)["top"].values()) == {0.0}


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


def test_where_all_are_right_some_doubt_is_left():
    sure = np.eye(2)[[0, 1, 0, 1]]
    low, high = figures(Judged(["A", "B"], sure, ["A", "B", "A", "B"]))["intervals"]["accuracy"]
    assert (round(low, 2), high) == (0.51, 1.0)  # Wilson's, of 4 of 4
