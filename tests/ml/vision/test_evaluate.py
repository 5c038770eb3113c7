import numpy as np
import pytest

from ml.vision.evaluate import expected_calibration_error, metrics
from ml.vision.judging.judged import align_columns

PROBABILITIES = np.array([[0.8, 0.2], [0.6, 0.4], [0.3, 0.7], [0.6, 0.4]])
LABELS = ["Blip", "Blip", "Whistle", "Whistle"]


def test_metrics_by_hand():
    found = metrics(PROBABILITIES, LABELS, ("Blip", "Whistle"))
    assert found["accuracy"] == 0.75
    assert found["confusion"] == [[2, 0], [1, 1]]
    assert found["per_class"]["Blip"] == {
        "precision": pytest.approx(2 / 3),
        "recall": 1.0,
        "f1": pytest.approx(0.8),
        "support": 2,
    }
    assert found["per_class"]["Whistle"]["f1"] == pytest.approx(2 / 3)
    assert found["macro_f1"] == pytest.approx((0.8 + 2 / 3) / 2)
    assert found["log_loss"] == pytest.approx(-np.log([0.8, 0.6, 0.7, 0.4]).mean())


def test_calibration_error_by_hand():
    confidence, correct = np.array([0.95, 0.95, 0.55, 0.55]), np.array([True, True, True, False])
    # bins: two at .95 all right (off by .05), two at .55 half right (off by .05)
    assert expected_calibration_error(confidence, correct) == pytest.approx(0.05)


def test_a_class_the_version_lacks_is_an_error_with_probability_zero():
    found = metrics(PROBABILITIES, ["Blip", "Blip", "Whistle", "Chirp"], ("Blip", "Whistle"))
    assert found["classes"] == ["Blip", "Whistle", "Chirp"]
    assert found["accuracy"] == 0.75
    assert found["per_class"]["Chirp"]["recall"] == 0.0
    assert found["log_loss"] == pytest.approx(-np.log([0.8, 0.6, 0.7, 1e-6]).mean())


def test_columns_are_aligned_by_name():
    aligned = align_columns(np.array([[0.1, 0.9]]), ["A", "B"], ["B", "C", "A"])
    assert aligned.tolist() == [[0.9, 0.0, 0.1]]


def test_no_glitch_is_no_figure():
    with pytest.raises(ValueError, match="at least one"):
        metrics(np.zeros((0, 2)), [], ("Blip", "Whistle"))
