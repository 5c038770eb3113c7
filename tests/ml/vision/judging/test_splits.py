import numpy as np
import pytest

from ml.vision.judging.splits import split_in_time, stratified_split

SHARES = {"train": 0.5, "validation": 0.25, "test": 0.25}


def test_every_class_is_dealt_out_by_the_shares():
    labels = ["A"] * 8 + ["B"] * 4
    split = stratified_split(labels, SHARES, seed=3)
    counts = {name: sorted(labels[place] for place in places) for name, places in split.items()}
    assert counts == {
        "train": ["A"] * 4 + ["B"] * 2,
        "validation": ["A", "A", "B"],
        "test": ["A", "A", "B"],
    }
    assert sorted(np.concatenate(list(split.values()))) == list(range(12))


def test_in_time_the_test_is_later_and_no_near_duplicate_crosses():
    times = np.array([400.0, 0.0, 100.0, 150.0, 500.0, np.nan])
    split = split_in_time(times, {"train": 0.4, "test": 0.6})
    # 150 s lies within a minute of 100 s, the last of the training; NaN has no place in time.
    assert {name: places.tolist() for name, places in split.items()} == {
        "train": [1, 2],
        "test": [0, 4],
    }


def test_shares_that_do_not_sum_to_one_are_refused():
    with pytest.raises(ValueError, match="sum to 1"):
        stratified_split(["A"], {"train": 0.5}, seed=0)
