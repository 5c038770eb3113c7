import numpy as np
import pytest

from ml.crowd.choice import MODELS, choose_model, held_out_log_likelihood
from ml.crowd.dawid_skene import Fit
from ml.crowd.simulate_votes import CrowdShape, draw_votes
from ml.crowd.votes import SparseVotes


def test_the_chance_of_an_unseen_vote_sums_over_what_the_truth_may_be():
    fitted = Fit(
        posterior=np.array([[0.75, 0.25]], dtype=np.float32),
        counts=np.zeros((1, 2, 2)),
        skills=np.array([[[0.9, 0.1], [0.4, 0.6]]]),
        shares=np.array([0.5, 0.5]),
        evidence=0.0,
        iterations=1,
        moved=0.0,
        converged=True,
    )
    # P(says 0) = .75 x .9 + .25 x .4 = .775; P(says 1) = .225
    score = held_out_log_likelihood(fitted, np.array([0, 0]), np.array([0, 1]))
    assert score == pytest.approx((np.log(0.775) + np.log(0.225)) / 2)


def choose(shape, votes):
    drawn = draw_votes(votes, shape, np.random.default_rng(5))
    sparse = SparseVotes.from_triples(drawn.item, drawn.volunteer, drawn.label)
    return choose_model(sparse, np.random.default_rng(0), folds=2)


def test_few_votes_a_volunteer_speak_for_a_rigid_model():
    shape = CrowdShape(volunteers=100, classes=10, twin_share=0.0, guessing=0.0)
    choice = choose(shape, votes=2_000)
    assert choice.name in ("one_coin", "hierarchical_300", "hierarchical_100")
    assert choice.held_out.keys() == MODELS.keys()
    assert choice.held_out[choice.name] == max(choice.held_out.values())
    assert choice.held_out["dawid_skene"] == min(choice.held_out.values())


def test_mistakes_between_twins_speak_against_one_coin():
    shape = CrowdShape(volunteers=20, classes=4, twin_share=1.0, accuracy=0.7)
    choice = choose(shape, votes=8_000)
    assert choice.name not in ("one_coin", "dawid_skene")


def test_the_choice_is_the_same_with_the_same_seed():
    shape = CrowdShape(volunteers=20, classes=4)
    assert choose(shape, votes=1_000) == choose(shape, votes=1_000)
