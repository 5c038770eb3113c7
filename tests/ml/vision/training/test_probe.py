import dataclasses

import numpy as np
import pytest

from ml.vision.prediction.classifier import Classifier
from ml.vision.recipes import settings_for
from ml.vision.training.draws import Labeled
from ml.vision.training.probe import balanced_weights, fit_probe, weigh_classes
from ml.vision.training.train import train_classifier


def test_balanced_weights_by_hand():
    weights = balanced_weights(np.array([0, 0, 0, 1]), 2)
    assert weights.tolist() == pytest.approx([2 / 3, 2 / 3, 2 / 3, 2.0])


@pytest.mark.parametrize(
    ("asked", "weights"), [("balanced", [1 / 3, 2 / 3, 2 / 3, 2.0]), ("none", [0.5, 1.0, 1.0, 1.0])]
)
def test_classes_count_the_same_on_top_of_what_each_label_counts(recipe, asked, weights):
    train = Labeled([], np.array([0, 0, 0, 1]), np.array([0.5, 1.0, 1.0, 1.0]))
    weigh_classes(train, dataclasses.replace(recipe, class_weights=asked), 2)
    assert train.weights.tolist() == pytest.approx(weights)


@pytest.mark.parametrize("classes", [2, 3])
def test_the_probe_separates_what_is_separable(classes):
    rng = np.random.default_rng(0)
    columns = np.repeat(np.arange(classes), 10)
    features = 5.0 + 3.0 * np.eye(4)[columns] + rng.normal(0, 0.3, (len(columns), 4))
    weight, bias = fit_probe(features, columns, np.ones(len(columns)), classes, 1.0, 0)
    assert weight.shape == (classes, 4)
    assert ((features @ weight.T + bias).argmax(axis=1) == columns).all()


@pytest.mark.parametrize(("drop_durations", "is_fitted_on_it_alone"), [(0.0, True), (0.3, False)])
def test_a_head_is_fitted_on_what_training_glitches_are_shown_as(
    training_set, tmp_path, drop_durations, is_fitted_on_it_alone
):
    """Where no duration is ever dropped: on each glitch once, with all its durations."""
    cache = tmp_path / "cache"
    changes = {"size": 32, "drop_durations": drop_durations}
    settings = settings_for("logistic-features", changes)
    model = train_classifier(training_set, settings, tmp_path / "run", cache)
    classifier = Classifier.load(model.weights)
    features = classifier.features([example.pictures for example in training_set.train], cache)
    columns = np.array([training_set.classes.index(e.label) for e in training_set.train])
    wanted, _ = fit_probe(features, columns, np.ones(len(columns)), 2, 0.1, settings.seed)
    weight = classifier.network.classifier.weight.detach().numpy()
    assert np.allclose(weight, wanted, rtol=1e-3, atol=1e-5) == is_fitted_on_it_alone
