"""The planting and the figures of the label benchmark, and that it runs."""

import numpy as np

from bench.label_issues import figures, measure, plant
from bench.pictures import FeatureSet


def test_planted_labels_are_as_many_as_asked_and_all_wrong():
    true = np.arange(100) % 4
    given = plant(true, 4, 0.15, np.random.default_rng(1))
    assert (given != true).sum() == 15
    assert set(given.tolist()) == {0, 1, 2, 3}


def test_figures_of_a_queue():
    wrong = np.array([True, True, False, False, False])
    assert figures(np.array([0, 3, 4, 2]), wrong) == {
        "precision": 0.25,
        "recall": 0.5,
        "first_half": 0.5,
    }
    assert figures(np.array([], int), wrong)["precision"] == 0.0


def test_a_set_is_measured():
    rng = np.random.default_rng(1)
    labels = np.repeat(["Blip", "Koi_Fish", "Whistle"], 30)
    features = rng.normal(size=(90, 8)) + 6 * np.eye(3, 8)[np.repeat([0, 1, 2], 30)]
    (row, *_) = measure(FeatureSet("made up", features.astype(np.float32), labels), 0.1, seed=1)
    assert (row["glitches"], row["method"]) == (90, "nota")
    assert row["recall"] >= 0.5
    assert row["precision"] >= 0.8
