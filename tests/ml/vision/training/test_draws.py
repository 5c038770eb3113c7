import dataclasses

import numpy as np
import pytest

from ml.vision.inputs.activations import Inputs
from ml.vision.recipes import settings_for
from ml.vision.recipes.settings import TrainingSettings
from ml.vision.training.draws import Labeled, Pick, draw_order, pick, show
from ml.vision.training.reading import label_inputs, soft_labels
from tests.ml.vision.conftest import Example, GlitchPictures


def labeled(columns, views=False):
    shape = (2, 4, 16, 16) if views else (3, 5)
    arrays = [np.full(shape, n + 1, np.uint8 if views else np.float32) for n in range(len(columns))]
    return Labeled(arrays, np.array(columns), np.ones(len(columns)))


def test_every_glitch_is_drawn_once_or_every_class_alike():
    train = labeled([0] * 18 + [1] * 2)
    rng = np.random.default_rng(0)
    assert sorted(draw_order(train, TrainingSettings(), rng)) == list(range(20))
    balanced = TrainingSettings(sampling="balanced")
    drawn = np.concatenate([draw_order(train, balanced, rng) for _ in range(50)])
    assert (drawn >= 18).mean() == pytest.approx(0.5, abs=0.05)


def test_the_same_pick_shows_the_same():
    train = labeled([0, 1], views=True)
    settings = settings_for("nota", {"size": 32})
    rng = np.random.default_rng(3)
    for _ in range(20):
        picked = pick(train, 1, settings, rng)
        one, two = (show(train.arrays[1], picked, settings) for _ in range(2))
        assert np.array_equal(one, two)
        assert one.any()  # never all durations are missing


def test_with_attention_some_durations_are_left_out():
    train = labeled([0], views=True)
    settings = dataclasses.replace(settings_for("nota"), drop_durations=1.0, copies=0)
    rng = np.random.default_rng(0)
    shown = [show(train.arrays[0], pick(train, 0, settings, rng), settings) for _ in range(30)]
    there = {int((views.reshape(4, -1) > 0).any(axis=1).sum()) for views in shown}
    assert there == {1, 2, 3}


def test_activations_are_shown_as_they_are():
    train = labeled([0])
    assert show(train.arrays[0], Pick(0, 2, 0), TrainingSettings()).tolist() == [1.0] * 5


def test_soft_labels_by_hand():
    """0.6 and 0.2 of the trained classes become 0.75 and 0.25; a label alone is sure."""
    pictures = GlitchPictures("g", {})
    examples = [
        Example(pictures, "a", 1.0, {"a": 0.6, "b": 0.2, "z": 0.2}),
        Example(pictures, "b"),
        Example(pictures, "a", 1.0, {"z": 1.0}),
    ]
    assert soft_labels(examples, ("a", "b")).tolist() == [
        pytest.approx([0.75, 0.25]),
        [0.0, 1.0],
        [1.0, 0.0],
    ]


@pytest.mark.parametrize(("soft", "weights"), [(True, [1.0, 0.5, 0.9]), (False, [0.6, 0.5, 0.9])])
def test_what_a_soft_target_doubts_is_not_weighted_down_besides(soft, weights):
    """The crowd's .6 is the target itself; a label without a posterior keeps its weight."""
    pictures = GlitchPictures("g", {})
    examples = [
        Example(pictures, "a", 0.6, {"a": 0.6, "b": 0.4}),
        Example(pictures, "b", 0.5),
        Example(pictures, "a", 0.9, {"z": 1.0}),  # of no class that is trained: the label alone
    ]
    inputs = Inputs(
        arrays=[np.zeros((2, 5), np.float32)] * 3,
        kept=[0, 1, 2],
        contents=["x"] * 3,
        sketches=[np.zeros((1, 28, 7), np.uint8)] * 3,
        skipped=[],
    )
    assert label_inputs(inputs, examples, ("a", "b"), soft=soft).weights.tolist() == weights
