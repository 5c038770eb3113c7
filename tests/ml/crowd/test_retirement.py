import numpy as np
import pytest

from ml.crowd.batch import chance_right, probability_belongs
from ml.crowd.consensus import Agreement
from ml.crowd.promotion import gold_share, is_mastered, is_promoted
from ml.crowd.retirement import Outcome, RetirementPolicy, decide

POLICY = RetirementPolicy(threshold=0.95, votes_min=2, votes_max=5)


@pytest.mark.parametrize(
    ("value", "votes", "offered", "none", "top_level", "expected"),
    [
        (0.99, 2, True, False, True, Outcome.RETIRE_CONSENSUS),
        (0.99, 1, True, False, True, Outcome.MORE_VOTES),  # below the minimum
        (0.90, 4, True, False, True, Outcome.MORE_VOTES),
        (0.90, 5, True, False, True, Outcome.RETIRE_NO_CONSENSUS),
        (0.90, 5, True, False, False, Outcome.MOVE_UP),  # more classes may settle it
        (0.99, 2, False, False, False, Outcome.MOVE_UP),  # sure of a class not on this page
        (0.99, 2, True, True, False, Outcome.MOVE_UP),  # none of these few: ask those who see all
        (0.99, 2, True, True, True, Outcome.RETIRE_CONSENSUS),
    ],
)
def test_what_votes_mean_for_a_glitch(value, votes, offered, none, top_level, expected):
    agreement = Agreement(np.array([value, 1 - value]), views=votes)
    outcome = decide(
        POLICY,
        agreement,
        votes_here=votes,
        elsewhere=0.0,
        top_was_offered=offered,
        top_is_none_of_the_above=none,
        is_top_level=top_level,
    )
    assert outcome == expected


@pytest.mark.parametrize(
    ("elsewhere", "votes_here", "expected"),
    [
        (0.99, 2, Outcome.MOVE_UP),  # surely none of these, though it may be one of many others
        (0.90, 2, Outcome.MORE_VOTES),
        (0.99, 0, Outcome.MORE_VOTES),  # nobody has seen it at this level yet
    ],
)
def test_what_is_surely_elsewhere_wastes_no_votes_here(elsewhere, votes_here, expected):
    agreement = Agreement(np.full(4, 0.25), views=9)
    outcome = decide(
        POLICY,
        agreement,
        votes_here=votes_here,
        elsewhere=elsewhere,
        top_was_offered=True,
        top_is_none_of_the_above=False,
        is_top_level=False,
    )
    assert outcome == expected


@pytest.mark.parametrize(
    ("correct", "seen", "mastered"),
    [(1, 1, False), (2, 2, False), (3, 3, True), (4, 4, True), (2, 4, False), (18, 20, True)],
)
def test_one_lucky_vote_a_class_promotes_nobody(correct, seen, mastered):
    assert is_mastered(correct, seen) is mastered


def test_promotion_wants_every_class():
    assert is_promoted([(9, 9), (8, 9)])
    assert not is_promoted([(9, 9), (0, 0)])


@pytest.mark.parametrize(("seen", "share"), [(0, 0.4), (19, 0.4), (20, 0.3), (59, 0.2), (60, 0.1)])
def test_gold_follows_its_schedule(seen, share):
    assert gold_share(seen) == share


@pytest.mark.parametrize(
    ("prior", "answers", "right", "expected"),
    [
        (0.5, [True], [0.8], 0.8),
        (0.5, [True, False], [0.8, 0.8], 0.5),
        (0.2, [True, True], [0.8, 0.8], 0.8),  # odds 1/4 x 4 x 4 = 4
    ],
)
def test_batch_answers_are_odds(prior, answers, right, expected):
    assert probability_belongs(prior, answers, right) == pytest.approx(expected)


def test_a_volunteer_who_fails_every_decoy_is_nearly_mute():
    assert chance_right(0, 100) == 0.55
    assert chance_right(1000, 1000) == 0.98
