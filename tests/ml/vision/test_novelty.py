import numpy as np
import pytest

from ml.vision.novelty import NoveltyMeasure, root_directions, spread_doubt


def test_roots_are_signed_and_of_unit_length():
    assert root_directions(np.array([[9.0, -16.0], [0.0, 0.0]])).tolist() == [
        pytest.approx([0.6, -0.8]),
        [0.0, 0.0],
    ]


def test_what_lies_off_both_classes_is_novel():
    rng = np.random.default_rng(0)
    known = np.abs(np.repeat(np.eye(3)[:2], 20, axis=0) + rng.normal(0, 0.02, (40, 3)))
    measure = NoveltyMeasure.fit(known, np.repeat([0, 1], 20), 2)
    near, far = measure.measure(np.array([[1.0, 0.01, 0.01], [0.0, 0.0, 1.0]]))
    assert near < 1 < far
    share_outside = (measure.measure(known) > 1).mean()
    assert share_outside == pytest.approx(0.05, abs=0.05)


def test_doubt_evens_out_what_is_novel_and_keeps_the_winner():
    spread = spread_doubt(np.tile([0.9, 0.1], (4, 1)), np.array([0.5, 0.92, 1.17, 9.0]))
    assert spread.tolist() == [
        pytest.approx([0.9, 0.1]),
        pytest.approx([0.9, 0.1]),
        pytest.approx([0.7, 0.3]),  # half way between (.9, .1) and (.5, .5)
        pytest.approx([0.504, 0.496]),
    ]


def test_classes_of_one_example_are_no_yardstick():
    measure = NoveltyMeasure.fit(np.eye(2), np.array([0, 1]), 2)
    assert measure.scale.tolist() == [1.0, 1.0]
    assert measure.measure(np.eye(2)).tolist() == pytest.approx([0.0, 0.0])


def test_a_direction_in_which_no_class_varies_counts_more():
    """Members of both classes vary along the third axis alone: as far along the fourth is news."""
    rng = np.random.default_rng(0)
    known = np.repeat(np.eye(5)[:2] * 9, 40, axis=0)
    known[:, 2] = rng.uniform(0, 4, 80)
    measure = NoveltyMeasure.fit(known, np.repeat([0, 1], 40), 2)
    usual, news = measure.measure(np.array([[9.0, 0, 2, 0, 0], [9.0, 0, 0, 2, 0]]))
    assert usual < 1 < news


def test_a_class_of_wide_spread_keeps_its_glitches():
    rng = np.random.default_rng(0)
    tight = np.abs(np.eye(6)[0] * 9 + rng.normal(0, 0.05, (60, 6)))
    wide = np.abs(np.eye(6)[1] * 9 + rng.normal(0, 2.0, (60, 6)))
    measure = NoveltyMeasure.fit(np.concatenate([tight, wide]), np.repeat([0, 1], 60), 2)
    assert measure.scale[0] < measure.scale[1]
    outside = measure.measure(wide) > 1
    assert outside.mean() == pytest.approx(0.05, abs=0.05)


def test_it_is_the_same_out_of_a_file():
    rng = np.random.default_rng(0)
    known = np.abs(np.repeat(np.eye(3)[:2], 20, axis=0) + rng.normal(0, 0.02, (40, 3)))
    measure = NoveltyMeasure.fit(known, np.repeat([0, 1], 20), 2)
    again = NoveltyMeasure.from_arrays(measure.to_arrays())
    assert again.measure(known).tolist() == measure.measure(known).tolist()


def test_a_file_of_an_older_version_measures_by_the_cosine():
    old = {"means": np.eye(2, dtype=np.float32), "scale": np.array(0.5)}
    novelty = NoveltyMeasure.from_arrays(old).measure(np.array([[4.0, 0.0], [1.0, 1.0]]))
    assert novelty.tolist() == pytest.approx([0.0, (1 - 0.5**0.5) / 0.5])
