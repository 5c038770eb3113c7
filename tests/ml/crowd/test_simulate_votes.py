import numpy as np
import pytest

from ml.crowd.simulate_votes import CrowdShape, draw_votes

SHAPE = CrowdShape(volunteers=40, classes=6)


@pytest.fixture(scope="module")
def drawn():
    return draw_votes(30_000, SHAPE, np.random.default_rng(1))


def test_each_glitch_has_its_votes_from_different_volunteers(drawn):
    assert np.bincount(drawn.item).tolist() == [5] * 6000
    assert len(set(zip(drawn.item.tolist(), drawn.volunteer.tolist(), strict=True))) == 30_000


def test_volunteers_vote_as_their_confusion_says(drawn):
    mine = drawn.volunteer == 39
    right = (drawn.label[mine] == drawn.truth[drawn.item[mine]]).mean()
    assert right == pytest.approx(np.trace(drawn.confusion[39]) / 6, abs=0.06)
    guessers = drawn.volunteer < 6
    right = (drawn.label[guessers] == drawn.truth[drawn.item[guessers]]).mean()
    assert right == pytest.approx(1 / 6, abs=0.03)


def test_half_of_the_mistakes_are_between_twins_and_rows_sum_to_one(drawn):
    assert drawn.confusion.sum(axis=2) == pytest.approx(np.ones((40, 6)))
    mistakes = drawn.confusion[39] * (1 - np.eye(6))
    row = np.sort(mistakes[0]) / mistakes[0].sum()
    # .5 over two twins and .5 over all five others: (.25 + .1) each twin, .1 each of the rest
    assert row == pytest.approx([0, 0.1, 0.1, 0.1, 0.35, 0.35])


def test_the_same_seed_draws_the_same_votes(drawn):
    again = draw_votes(30_000, SHAPE, np.random.default_rng(1))
    assert np.array_equal(drawn.label, again.label)
