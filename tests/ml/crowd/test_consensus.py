"""Three rules of consensus on votes that a reader can multiply and average by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.crowd.consensus import (
    DEFAULT_RULE,
    RULES,
    CastVote,
    UnknownRule,
    bayes,
    gravity_spy,
    majority,
    mix_prior,
    rule_named,
)

NONE = 2
ALL = np.array([True, True, True])
FLAT = np.full(3, 1 / 3)


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
    classifier = np.array([0.998, 0.002, 0.0])
    cast = [vote(0, counts=PRECISE)] * votes
    agreement = gravity_spy(FLAT, cast, NONE, classifier=classifier)
    assert agreement.by_class[0] == pytest.approx(expected, abs=5e-4)
    assert agreement.views == votes + 1


def test_gravity_spy_gives_no_weight_to_none_of_the_above_nor_to_voters_without_gold():
    classifier = np.array([0.6, 0.4, 0.0])
    unknown = vote(0)
    none = vote(NONE, counts=PRECISE)
    agreement = gravity_spy(FLAT, [unknown, none], NONE, classifier=classifier)
    assert agreement.by_class == pytest.approx(classifier)
    assert agreement.views == 1


def test_gravity_spy_never_retires_on_voters_of_precision_85_while_bayes_does_on_two():
    classifier = np.array([0.85, 0.1, 0.05])
    values = {"gravity_spy": [], "bayes": []}
    for rule, seen in values.items():
        for votes in range(1, 51):
            cast = [vote(0, right=0.85, counts=PRECISE)] * votes
            seen.append(rule_named(rule)(classifier, cast, NONE, classifier=classifier).value)
    assert max(values["gravity_spy"]) <= 0.85 + 1e-9  # below .9 after fifty that agree
    assert values["bayes"][1] > 0.99


def test_majority_is_the_share_of_the_votes_whoever_gave_them():
    cast = [vote(0, right=0.99), vote(1), vote(1), vote(NONE)]
    agreement = majority(FLAT, cast, NONE)
    assert agreement.by_class == pytest.approx([0.25, 0.5, 0.25])
    assert (agreement.top, agreement.views) == (1, 4)
    assert majority(FLAT, [], NONE).value == 0.0


def test_rules_are_chosen_by_name_and_an_unknown_one_is_told_which_there_are():
    assert rule_named(DEFAULT_RULE) is bayes
    assert set(RULES) == {"majority", "gravity_spy", "bayes"}
    with pytest.raises(UnknownRule, match="'borda'; choose of majority, gravity_spy, bayes"):
        rule_named("borda")


def test_a_classifier_leaves_room_for_what_it_never_saw():
    prior = mix_prior(np.array([0.45, 0.45, 0.1]), np.array([1.0, 0.0, 0.0]), NONE)
    assert prior.sum() == pytest.approx(1.0)
    assert prior[NONE] == pytest.approx(0.1)
    assert prior[1] == pytest.approx(0.05 * 0.45)


def test_without_a_classifier_the_class_prior_stands():
    class_prior = np.array([0.2, 0.5, 0.3])
    assert mix_prior(class_prior, None, NONE) is class_prior
