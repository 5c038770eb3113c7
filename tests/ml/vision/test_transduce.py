import numpy as np
import pytest

from ml.vision.transduce import UNLABELED, half_whitened, spread_labels, transduce


def chain(count=24):
    """Points on two arcs far from each other, neighbours close: labels travel along each."""
    angles = np.linspace(0, 1, count)
    one = np.stack([np.cos(angles), np.sin(angles), np.zeros(count)], axis=1)
    return np.concatenate([one, one[:, [2, 1, 0]] + [0, 0, 3.0]])


def test_labels_travel_along_the_neighbours():
    points = chain()
    columns = np.full(48, UNLABELED)
    columns[[0, 24]] = 0, 1
    spread = spread_labels(points, columns, 2)
    assert spread.sum(axis=1) == pytest.approx(1.0)
    assert spread.argmax(axis=1).tolist() == [0] * 24 + [1] * 24


def test_a_common_class_starts_with_no_more_mass_than_a_rare_one():
    """Ten labels on one arc and one on the other: the rare class keeps its arc."""
    points = chain()
    columns = np.full(48, UNLABELED)
    columns[:10], columns[24] = 0, 1
    assert spread_labels(points, columns, 2)[24:].argmax(axis=1).tolist() == [1] * 24


def test_unlabeled_glitches_make_up_for_labels():
    rng = np.random.default_rng(0)
    truth = np.repeat([0, 1, 2], 40)
    features = np.abs(rng.normal(0, 0.5, (120, 60)) + 2.5 * np.repeat(np.eye(3), 20, axis=1)[truth])
    columns = np.full(120, UNLABELED)
    columns[[0, 40, 80]] = 0, 1, 2
    probabilities = transduce(features, columns, 3)
    assert probabilities.shape == (120, 3)
    assert probabilities.sum(axis=1) == pytest.approx(1.0)
    assert (probabilities.argmax(axis=1) == truth).mean() > 0.95


def test_half_whitened_axes_are_unit_vectors():
    axes = half_whitened(np.random.default_rng(0).normal(size=(80, 60)))
    assert axes.shape == (80, 50)
    assert np.linalg.norm(axes, axis=1) == pytest.approx(1.0)


def test_a_class_without_a_label_is_refused():
    with pytest.raises(ValueError, match="every class"):
        transduce(np.ones((4, 3)), np.array([0, 0, UNLABELED, UNLABELED]), 2)
