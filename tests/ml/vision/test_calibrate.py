import numpy as np
import pytest

from ml.vision.calibrate import fit_temperature, log_loss, softmax


def test_softmax_and_log_loss_by_hand():
    probabilities = softmax(np.log([[1.0, 3.0], [2.0, 2.0]]))
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
    assert softmax(logits / temperature)[0, 0] == pytest.approx(0.75, abs=0.01)


def test_a_handful_moves_the_temperature_only_a_little():
    logits, truth = overconfident(4)
    few = fit_temperature(logits, truth)
    assert 1.0 < few < fit_temperature(*overconfident(40)) < fit_temperature(*overconfident(4000))
    assert few < 1.5


def test_a_few_faultless_answers_do_not_make_it_certain():
    logits = np.tile([2.0, 0.0], (5, 1))
    assert 0.75 < fit_temperature(logits, np.zeros(5, int)) < 1.0
