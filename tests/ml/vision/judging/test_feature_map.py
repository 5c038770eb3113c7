"""Which glitches lie near each other, on places that a reader can draw."""

import numpy as np
import pytest

from ml.vision.judging.feature_map import alike_nearby, feature_map, nearest_classes

LINE = np.array([[0.0], [1.0], [2.0], [10.0], [11.0], [12.0]])


@pytest.mark.parametrize(
    ("labels", "neighbours", "shares"),
    [
        ("AAABBB", 2, {"A": 1.0, "B": 1.0}),  # each by itself
        ("ABABAB", 2, {"A": 1 / 3, "B": 1 / 3}),  # A's own: 1 of 2, 1 of 2 at 0 and 2, none at 11
        ("AABBBB", 1, {"A": 1.0, "B": 0.75}),  # 2's nearest is 1
        ("ABBBBB", 2, {"A": float("nan"), "B": 0.8}),  # one alone has none like it
    ],
)
def test_the_share_of_neighbours_of_the_same_class(labels, neighbours, shares):
    found = alike_nearby(LINE, np.array(list(labels)), neighbours)
    assert found == pytest.approx(shares, nan_ok=True)


def test_a_class_of_fewer_than_the_neighbours_can_still_lie_by_itself():
    assert alike_nearby(LINE, np.array(list("AAABBB")), neighbours=5)["A"] == 1.0


def test_the_nearest_class_comes_first():
    """By its glitches, not by where their mean lies: that of "around" is that of "new"."""
    labels = np.array(["new"] * 3 + ["near"] + ["around"] * 4)
    places = np.array([[0.0, 0], [-1, 0], [4, 0], [5, 0], [1, 90], [1, -90], [90, 0], [-88, 0]])
    assert nearest_classes(places, labels, "new") == ["near", "around"]


@pytest.mark.parametrize("dimensions", [2, 3])
def test_what_is_near_in_the_features_is_near_on_the_map(dimensions):
    """Three groups of twenty; the seed draws the map."""
    rng = np.random.default_rng(0)
    labels = np.repeat(["A", "B", "C"], 20)
    features = np.repeat(np.eye(3) * 20, 20, axis=0) + rng.normal(0, 0.1, (60, 3))
    places = feature_map(features, dimensions, seed=3)
    assert places.shape == (60, dimensions)
    assert alike_nearby(places, labels) == {"A": 1.0, "B": 1.0, "C": 1.0}
    assert np.array_equal(places, feature_map(features, dimensions, seed=3))
