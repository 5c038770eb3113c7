import numpy as np
import pytest

from ml.vision.confidence.novelty import (
    DOUBT_FROM,
    DOUBT_WIDTH,
    REMEMBERED,
    NoveltyMeasure,
    sketch_of,
    spread_doubt,
)


def sketches(rows, count=1, noise=0, seed=0):
    """``count`` sketches (1, 28, 7) for each row of the picture that is lit, over some noise."""
    rng = np.random.default_rng(seed)
    found = rng.integers(0, noise + 1, (len(rows) * count, 1, 28, 7)).astype(np.uint8)
    for place, row in enumerate(np.repeat(rows, count)):
        found[place, 0, row] = 200
    return found


def test_a_sketch_keeps_the_loudest_point_of_each_cell():
    view = np.zeros((1, 56, 14), np.uint8)
    view[0, 3, 5] = 9  # cells are 2 x 2: row 1, column 2
    view[0, 55, 13] = 7
    view[0, 54, 12] = 5
    sketch = sketch_of(view)
    assert sketch.shape == (1, 28, 7)
    assert sketch[0, 1, 2] == 9
    assert sketch[0, 27, 6] == 7
    assert sketch.sum() == 16


@pytest.mark.parametrize("side", [32, 140, 299])
def test_a_sketch_of_any_size_leaves_nothing_out(side):
    for row, column in ((0, 0), (side // 2, side - 1), (side - 1, side // 3)):
        view = np.zeros((2, side, side), np.uint8)
        view[1, row, column] = 3
        sketch = sketch_of(view)
        assert sketch.shape == (2, 28, 7)
        assert sketch.sum() == 3


def test_a_line_where_its_class_has_none_is_novel():
    known = sketches([4, 20], count=20, noise=60)
    measure = NoveltyMeasure.fit(known, np.repeat([0, 1], 20), 2)
    own, other_row, other_class = measure.measure(
        sketches([4, 6, 20], noise=60, seed=1), np.array([0, 0, 0])
    )
    assert own < 1 < min(other_row, other_class)


def test_what_counts_is_the_class_that_is_named():
    measure = NoveltyMeasure.fit(sketches([4, 20], count=20, noise=60), np.repeat([0, 1], 20), 2)
    asked = sketches([20, 20], noise=60, seed=1)
    as_first, as_second = measure.measure(asked, np.array([0, 1]))
    assert as_second < 1 < as_first


def test_the_outermost_five_per_cent_of_a_class_lie_beyond_one():
    """Of 400 glitches with noise of their own; the class alone has a say in its scale."""
    known = sketches([9], count=400, noise=90)
    measure = NoveltyMeasure.fit(known[:200], np.zeros(200, int), 1)
    outside = measure.measure(known[200:], np.zeros(200, int)) > 1
    assert outside.mean() == pytest.approx(0.05, abs=0.04)


def test_how_loud_a_glitch_is_does_not_make_it_novel():
    measure = NoveltyMeasure.fit(sketches([9], count=10, noise=20), np.zeros(10, int), 1)
    loud = sketches([9], seed=1)
    said = np.zeros(1, int)
    assert measure.measure(loud // 4, said) == pytest.approx(measure.measure(loud, said), abs=1e-3)


def test_distance_by_hand():
    """Two cells apart: of cosine 0, so sqrt(2) from each; the scale of one alone is that of all."""
    one, other = np.zeros((2, 1, 28, 7), np.uint8)
    one[0, 0, 0] = other[0, 0, 1] = 10
    measure = NoveltyMeasure.fit(np.stack([one, other, other]), np.array([0, 0, 1]), 2)
    assert measure.scale.tolist() == pytest.approx([2**0.5, 2**0.5])
    assert measure.measure(np.stack([one, other]), np.array([1, 1])).tolist() == pytest.approx(
        [1.0, 0.0]
    )


def test_classes_of_one_example_are_no_yardstick():
    measure = NoveltyMeasure.fit(sketches([3, 9]), np.array([0, 1]), 2)
    assert measure.scale.tolist() == [1.0, 1.0]
    found = measure.measure(sketches([3, 9]), np.array([0, 1]))
    assert found.tolist() == pytest.approx([0.0, 0.0], abs=1e-3)


def test_of_a_large_class_a_thousand_are_remembered_from_first_to_last():
    columns = np.array([0] * (2 * REMEMBERED - 1) + [1])
    known = np.repeat(sketches([3]), len(columns), axis=0)
    known[:, 0, 27, 0] = np.arange(len(columns)) % 251
    measure = NoveltyMeasure.fit(known, columns, 2)
    assert np.bincount(measure.columns).tolist() == [REMEMBERED, 1]
    assert measure.sketches[:3, 27 * 7].tolist() == [0, 2, 4]
    assert measure.sketches[REMEMBERED - 1, 27 * 7] == (2 * REMEMBERED - 2) % 251


@pytest.mark.parametrize("shown", [[0], [0, 1], [2]])
def test_a_known_glitch_with_fewer_pictures_is_not_novel_and_an_unknown_one_is(shown):
    """The other durations are dark; each class lights one row in all of them."""
    known = np.concatenate([sketches([4, 20], 20, 60, seed) for seed in (1, 2, 3)], axis=1)
    measure = NoveltyMeasure.fit(known, np.repeat([0, 1], 20), 2)
    dark = [duration for duration in range(3) if duration not in shown]
    asked = np.concatenate([sketches([4, 9], 5, 60, seed) for seed in (4, 5, 6)], axis=1)
    asked[:, dark] = 0
    found = measure.measure(asked, np.zeros(10, int))
    assert found[:5].max() < 1.2
    assert found[5:].min() > 1.2


def test_glitches_learned_from_with_fewer_pictures_are_compared_by_those_alone():
    known = np.concatenate([sketches([4], 20, 60, seed) for seed in (1, 2)], axis=1)
    known[:10, 1] = 0
    measure = NoveltyMeasure.fit(known, np.zeros(20, int), 1)
    asked = np.concatenate([sketches([4, 9], 1, 60, seed) for seed in (3, 4)], axis=1)
    own, other = measure.measure(asked, np.zeros(2, int))
    assert own < 1.2 < other


def test_a_glitch_that_was_learned_is_as_novel_as_one_that_was_not():
    known = sketches([9], count=40, noise=90)
    measure = NoveltyMeasure.fit(known, np.zeros(40, int), 1)
    said = np.zeros(40, int)
    learned = measure.measure(known, said)
    others = measure.measure(sketches([9], count=40, noise=90, seed=1), said)
    assert np.median(learned) == pytest.approx(np.median(others), abs=0.05)


def test_doubt_evens_out_what_is_novel_and_keeps_the_winner():
    half = DOUBT_FROM + DOUBT_WIDTH / 2
    spread = spread_doubt(np.tile([0.9, 0.1], (4, 1)), np.array([0.5, DOUBT_FROM, half, 9.0]))
    assert spread.tolist() == [
        pytest.approx([0.9, 0.1]),
        pytest.approx([0.9, 0.1]),
        pytest.approx([0.7, 0.3]),  # half way between (.9, .1) and (.5, .5)
        pytest.approx([0.504, 0.496]),
    ]


def test_it_is_the_same_out_of_a_file():
    known = sketches([4, 20], count=5, noise=60)
    said = np.repeat([0, 1], 5)
    measure = NoveltyMeasure.fit(known, said, 2)
    again = NoveltyMeasure.from_arrays(measure.to_arrays())
    assert again.measure(known, said).tolist() == measure.measure(known, said).tolist()
