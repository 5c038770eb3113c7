import numpy as np
import pytest

from ml.crowd.simulate import draw_crowd

LABELS = ["Blip", "Tomte", "Whistle", "None_of_the_Above"]
TWINS = {"Blip": ["Tomte"], "Tomte": ["Blip"]}


@pytest.fixture(scope="module")
def crowd():
    return draw_crowd(200, LABELS, TWINS, np.random.default_rng(0))


def test_the_crowds_mean_accuracy_is_the_one_asked_for(crowd):
    assert np.mean([np.trace(v.confusion) / 4 for v in crowd]) == pytest.approx(0.80, abs=0.02)


def test_fifteen_in_a_hundred_guess(crowd):
    assert sum(v.guesses for v in crowd) == 30


def test_errors_fall_mostly_between_twins(crowd):
    honest = np.mean([v.confusion for v in crowd if not v.guesses], axis=0)
    assert honest[0, 1] > 5 * honest[0, 2]


def test_a_glitch_of_no_offered_class_gets_none_of_the_above_as_often_as_others_are_right(crowd):
    volunteer = next(v for v in crowd if not v.guesses)
    rng = np.random.default_rng(1)
    answers = [volunteer.answer("Unheard_of", LABELS, LABELS[3], rng) for _ in range(2000)]
    right = volunteer.confusion[3, 3]
    assert answers.count(LABELS[3]) / 2000 == pytest.approx(right, abs=0.03)


def test_votes_stay_within_what_is_offered(crowd):
    rng = np.random.default_rng(2)
    offered = ["Blip", "None_of_the_Above"]
    said = {v.answer("Tomte", offered, LABELS[3], rng) for v in crowd for _ in range(20)}
    assert said == set(offered)


def test_the_same_seed_draws_the_same_crowd():
    a, b = (draw_crowd(5, LABELS, TWINS, np.random.default_rng(7)) for _ in range(2))
    assert [v.confusion.tolist() for v in a] == [v.confusion.tolist() for v in b]
