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
    spread = spread_doubt(np.tile([0.9, 0.1], (4, 1)), np.array([0.5, 1.0, 1.375, 9.0]))
    assert spread.tolist() == [
        pytest.approx([0.9, 0.1]),
        pytest.approx([0.9, 0.1]),
        pytest.approx([0.7, 0.3]),  # half way between (.9, .1) and (.5, .5)
        pytest.approx([0.504, 0.496]),
    ]


def test_classes_of_one_example_are_no_yardstick():
    measure = NoveltyMeasure.fit(np.eye(2), np.array([0, 1]), 2)
    assert measure.scale == 1.0
    assert measure.measure(np.eye(2)).tolist() == pytest.approx([0.0, 0.0])
