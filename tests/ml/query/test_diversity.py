"""Picks apart in embedding and in time."""

import numpy as np
import pytest

from ml.query.diversity import pick_diverse

LONG_AGO = np.array([0.0, 1000.0, 2000.0, 3000.0])


def rng(seed=0):
    return np.random.default_rng(seed)


def test_the_heaviest_comes_first_and_what_weighs_nothing_never():
    vectors = np.eye(4)
    picked = pick_diverse(np.array([0.2, 0.9, 0.0, 0.5]), vectors, LONG_AGO, 9, rng())
    assert picked[0] == 1
    assert sorted(picked) == [0, 1, 3]


@pytest.mark.parametrize("seed", range(5))
def test_never_two_of_one_minute(seed):
    times = np.array([100.0, 130.0, 159.9, 160.0, 219.0, np.nan, np.nan])
    weights = np.array([1.0, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9])
    picked = pick_diverse(weights, np.eye(7), times, 7, rng(seed))
    # 0 shuts out 1 and 2; of 3 and 4 one shuts out the other; unknown times are near nothing.
    assert {0, 5, 6} < set(picked)
    assert len(picked) == 4
    assert len(set(picked) & {3, 4}) == 1


@pytest.mark.parametrize("seed", range(5))
def test_the_same_picture_is_picked_once(seed):
    vectors = np.array([[1.0, 0.0], [1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    picked = pick_diverse(np.ones(4), vectors, LONG_AGO, 4, rng(seed))
    assert len(picked) == 2
    assert picked[1] == 3 or picked[0] == 3


def test_the_far_one_comes_before_the_near_ones():
    """Distances^2 from the first: 0.01 twice and 100: all but one draw in 5000 are the far one."""
    vectors = np.array([[0.0], [0.1], [-0.1], [10.0]])
    weights = np.array([1.0, 0.9, 0.9, 0.9])
    assert [pick_diverse(weights, vectors, LONG_AGO, 2, rng(s))[1] for s in range(20)] == [3] * 20


def test_uncertainty_counts_beside_distance():
    """Two alike far from the first; one weighs a hundred times as much."""
    vectors = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    second = [
        pick_diverse(np.array([1.0, 0.9, 0.009]), vectors, LONG_AGO[:3], 2, rng(s))[1]
        for s in range(50)
    ]
    assert second.count(1) >= 45


def test_the_same_seed_picks_the_same_and_nothing_from_nothing():
    vectors = rng(1).normal(size=(300, 20)).astype(np.float32)
    weights, times = rng(2).random(300), np.arange(300) * 61.0
    first = pick_diverse(weights, vectors, times, 50, rng(3))
    assert first == pick_diverse(weights, vectors, times, 50, rng(3))
    assert len(set(first)) == 50
    assert pick_diverse(np.zeros(0), np.zeros((0, 2)), np.zeros(0), 5, rng()) == []
