import numpy as np
import pytest

from ml.vision.confidence.calibrate import (
    class_thresholds,
    fit_temperature,
    log_loss,
    reported,
)
from ml.vision.confidence.novelty import DOUBT_FROM, DOUBT_WIDTH


def test_softmax_and_log_loss_by_hand():
    probabilities = reported(np.log([[1.0, 3.0], [2.0, 2.0]]), temperature=1.0)
    assert probabilities.tolist() == [pytest.approx([0.25, 0.75]), pytest.approx([0.5, 0.5])]
    assert log_loss(probabilities, np.array([1, 0])) == pytest.approx(
        -(np.log(0.75) + np.log(0.5)) / 2
    )


def test_without_validation_nothing_is_changed():
    assert fit_temperature(np.zeros((0, 3)), np.zeros(0, int)) == 1.0


def overconfident(count):
    """Logits that claim 99 % where three answers in four are right."""
    logits = np.tile([np.log(99.0), 0.0], (count, 1))
    truth = (np.arange(count) % 4 == 0).astype(int)
    return logits, truth


def test_with_much_validation_confidence_meets_accuracy():
    logits, truth = overconfident(4000)
    temperature = fit_temperature(logits, truth)
    assert reported(logits, temperature)[0, 0] == pytest.approx(0.75, abs=0.01)


def test_what_is_fitted_is_what_is_reported():
    """Where doubt evens out a half, the temperature leaves less to be evened out."""
    logits, truth = overconfident(4000)
    novelty = np.full(4000, DOUBT_FROM + DOUBT_WIDTH / 2)  # doubt .5
    temperature = fit_temperature(logits, truth, novelty)
    # .5 p + .5 / 2 = .75 at p = 1: as sharp as the prior and the bounds allow
    said = reported(logits, temperature, novelty)
    assert said[0, 0] == pytest.approx(0.75, abs=0.01)
    assert temperature < 1 < fit_temperature(logits, truth)
    assert reported(logits, temperature)[0, 0] > 0.98


def test_a_handful_moves_the_temperature_only_a_little():
    logits, truth = overconfident(4)
    few = fit_temperature(logits, truth)
    assert 1.0 < few < fit_temperature(*overconfident(40)) < fit_temperature(*overconfident(4000))
    assert few < 1.5


def test_a_few_faultless_answers_do_not_make_it_certain():
    logits = np.tile([2.0, 0.0], (5, 1))
    assert 0.75 < fit_temperature(logits, np.zeros(5, int)) < 1.0


def test_thresholds_by_class_are_the_least_that_keep_the_precision():
    # Called A with .9 .8 .7 .6 .55: right, right, right, wrong, right. Called B: three times only.
    p = np.array([0.9, 0.8, 0.7, 0.6, 0.55, 0.1, 0.1, 0.1])
    truth = np.array([0, 0, 0, 1, 0, 1, 1, 1])
    both = np.column_stack([p, 1 - p])
    assert class_thresholds(both, truth, ("A", "B"), 0.95) == {"A": 0.7, "B": None}
    assert class_thresholds(both, truth, ("A", "B"), 0.8) == {"A": 0.55, "B": None}


def test_a_class_never_right_or_never_said_has_no_threshold():
    both = np.tile([0.8, 0.2], (6, 1))
    never = class_thresholds(both, np.full(6, -1), ("A", "B"))
    assert never == {"A": None, "B": None}


def test_equal_confidences_stand_or_fall_together():
    both = np.tile([0.8, 0.2], (6, 1))
    truth = np.array([0, 0, 0, 0, 0, 1])
    assert class_thresholds(both, truth, ("A", "B"), 0.9)["A"] is None
    assert class_thresholds(both, truth, ("A", "B"), 0.8)["A"] == 0.8
