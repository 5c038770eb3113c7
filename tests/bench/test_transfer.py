"""The figures of the transfer benchmark, on made-up features."""

import numpy as np
import pytest

from bench.pictures import FeatureSet
from bench.transfer import measure, only

LABELS = np.repeat(["Blip", "Koi_Fish", "Tomte"], 12)
CORNERS = np.repeat([0, 1, 2], 12)


def cloud(name, seed, shift=0.0):
    rng = np.random.default_rng(seed)
    features = rng.normal(shift, 1, (36, 8)) + 6 * np.eye(3, 8)[CORNERS]
    return FeatureSet(name, features.astype(np.float32), LABELS)


def test_recall_is_of_the_real_classes_alone():
    real = only(cloud("real", 1), np.array(["Blip", "Tomte"]))
    assert sorted(set(real.labels)) == ["Blip", "Tomte"]
    row = measure("all", cloud("simulated", 2), real)
    assert (row["trained_on"], row["classes"], row["tested_on"]) == (36, 3, 24)
    assert list(row["recall"]) == ["Blip", "Tomte"]
    assert row["accuracy"] == pytest.approx(np.mean(list(row["recall"].values())))
    assert row["accuracy"] > 0.9


def test_labels_that_say_nothing_give_chance():
    mixed = cloud("simulated", 2)
    random = np.random.default_rng(3).permutation(mixed.labels)
    row = measure("all", FeatureSet("mixed", mixed.features, random), cloud("real", 1))
    assert row["accuracy"] < 0.7
