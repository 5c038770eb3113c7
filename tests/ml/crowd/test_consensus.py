"""Two rules of consensus on votes that a reader can multiply and average by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.crowd.consensus import CastVote, bayes, gravity_spy, mix_prior

NONE = 2
ALL = np.array([True, True, True])


def vote(voted, right=0.8, counts=None):
    wrong = (1 - right) / 2
    confusion = np.full((3, 3), wrong) + np.eye(3) * (right - wrong)
    return CastVote(voted, ALL, confusion, np.zeros((3, 3)) if counts is None else counts)


def test_bayes_is_prior_times_likelihoods():
    prior = np.array([0.5, 0.3, 0.2])
    agreement = bayes(prior, [vote(0), vote(1)], NONE)
    unnormalised = np.array([0.5 * 0.8 * 0.1, 0.3 * 0.1 * 0.8, 0.2 * 0.1 * 0.1])
    assert agreement.by_class == pytest.approx(unnormalised / unnormalised.sum())
    assert (agreement.top, agreement.views) == (0, 2)


@given(st.permutations([0, 0, 1, 2, 1, 0]))
def test_bayes_does_not_depend_on_the_order(order):
    prior = np.array([0.2, 0.5, 0.3])
    in_order = bayes(prior, [vote(v, 0.7) for v in sorted(order)], NONE)
    assert bayes(prior, [vote(v, 0.7) for v in order], NONE).by_class == pytest.approx(
        in_order.by_class
    )


def test_bayes_with_many_votes_does_not_underflow():
    agreement = bayes(np.full(3, 1 / 3), [vote(1, 0.999)] * 2000, NONE)
    assert agreement.value == pytest.approx(1.0)


# Gravity Spy's figures for voters of precision .85 and a classifier at .998: the mean passes .9
# with one vote and fails with two.
PRECISE = np.array([[85.0, 0, 0], [15.0, 100, 0], [0, 0, 1]])


@pytest.mark.parametrize(("votes", "expected"), [(1, 0.924), (2, 0.899), (50, 0.853)])
def test_gravity_spy_averages_and_stalls(votes, expected):
    prior = np.array([0.998, 0.002, 0.0])
    cast = [vote(0, counts=PRECISE)] * votes
    agreement = gravity_spy(prior, cast, NONE, has_classifier=True)
    assert agreement.by_class[0] == pytest.approx(expected, abs=5e-4)
    assert agreement.views == votes + 1


def test_gravity_spy_gives_no_weight_to_none_of_the_above_nor_to_voters_without_gold():
    prior = np.array([0.6, 0.4, 0.0])
    unknown = vote(0)
    none = vote(NONE, counts=PRECISE)
    agreement = gravity_spy(prior, [unknown, none], NONE, has_classifier=True)
    assert agreement.by_class == pytest.approx(prior)
    assert agreement.views == 1


def test_a_classifier_leaves_room_for_what_it_never_saw():
    prior = mix_prior(np.array([0.45, 0.45, 0.1]), np.array([1.0, 0.0, 0.0]), NONE)
    assert prior.sum() == pytest.approx(1.0)
    assert prior[NONE] == pytest.approx(0.1)
    assert prior[1] == pytest.approx(0.05 * 0.45)


def test_without_a_classifier_the_class_prior_stands():
    class_prior = np.array([0.2, 0.5, 0.3])
    assert mix_prior(class_prior, None, NONE) is class_prior
