import numpy as np

from ml.vision.inputs.augment import augment, copies_of, shift_and_zoom, without_some


def views():
    energy = np.zeros((2, 3, 64, 64), np.uint8)
    energy[0, :, 30:34, 30:34] = 100
    energy[1, :, 10:14, 30:34] = 100
    return energy


def test_a_copy_is_moved_a_little_and_louder_or_quieter():
    rng = np.random.default_rng(0)
    for _ in range(20):
        copy = augment(views()[0], rng)
        rows, columns = np.nonzero(copy[0])
        assert len(rows) == 16
        assert abs(rows.min() - 30) <= 1
        assert abs(columns.min() - 30) <= 3
        assert 70 <= copy.max() <= 142
        assert np.array_equal(copy[0], copy[2])  # all durations move together


def test_copies_depend_on_the_content_only():
    content = "0123456789abcdef" * 4
    copies = copies_of(views(), content, 3, 0.5)
    assert copies.shape == (3, 3, 64, 64)
    assert np.array_equal(copies, copies_of(views(), content, 3, 0.5))
    assert not np.array_equal(copies, copies_of(views(), "f" * 64, 3, 0.5))


def test_copies_are_made_of_both_variants():
    copies = copies_of(views(), "0" * 64, 20, 0.5)
    upper = [bool(copy[0, :20].any()) for copy in copies]
    assert 0 < sum(upper) < 20
    assert not any(copy[0, :20].any() for copy in copies_of(views(), "0" * 64, 5, 0.0))


def test_shift_and_zoom_stay_within_their_bounds():
    rng = np.random.default_rng(0)
    middle = views()[0]  # a square of 4 pixels around (31.5, 31.5)
    for _ in range(20):
        copy = shift_and_zoom(middle, rng)
        rows, columns = np.nonzero(copy[0] > 40)
        assert abs(rows.mean() - 31.5) <= 64 * 10 / 224 + 1
        assert abs(columns.mean() - 31.5) <= 64 * 10 / 224 + 1
        assert 3 <= len(np.unique(rows)) <= 5
        assert np.array_equal(copy[0], copy[2])


def test_some_durations_go_and_never_all():
    rng = np.random.default_rng(0)
    left = {int(without_some(np.ones((4, 2, 2), np.uint8), rng).sum()) // 4 for _ in range(50)}
    assert left == {1, 2, 3}
    assert without_some(np.ones((1, 2, 2), np.uint8), rng).all()
