import numpy as np
import pytest

from ml.crowd.batch import chance_right, probability_belongs
from ml.crowd.consensus import Agreement
from ml.crowd.policy import ClassLimits, Otherwise
from ml.crowd.promotion import EVEN, Belief, beliefs, gold_share, is_mastered, is_promoted
from ml.crowd.retirement import Outcome, RetirementPolicy, RetireReason, decide
from ml.crowd.skill import SkillPrior
from ml.crowd.stopping import Stopping

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


def decided(policy, value=0.99, votes=3, **facts):
    facts = {
        "elsewhere": 0.0,
        "top_was_offered": True,
        "top_is_none_of_the_above": False,
        "is_top_level": False,
    } | facts
    agreement = Agreement(np.array([value, 1 - value]), views=votes)
    return decide(policy, agreement, votes_here=votes, **facts)


@pytest.mark.parametrize(
    ("otherwise", "below", "at_the_top"),
    [
        (Otherwise.MOVE_UP, Outcome.MOVE_UP, Outcome.RETIRE_CONSENSUS),
        (Otherwise.TO_REVIEWER, Outcome.TO_REVIEWER, Outcome.TO_REVIEWER),
        (Otherwise.RETIRE, Outcome.RETIRE_CONSENSUS, Outcome.RETIRE_CONSENSUS),
        (Otherwise.KEEP, Outcome.MORE_VOTES, Outcome.MORE_VOTES),
    ],
)
def test_what_happens_at_none_of_the_above_is_the_policys(otherwise, below, at_the_top):
    policy = RetirementPolicy(at_none_of_the_above=otherwise)
    none = {"top_is_none_of_the_above": True}
    assert decided(policy, **none) == below
    assert decided(policy, **none, is_top_level=True) == at_the_top


@pytest.mark.parametrize(
    ("otherwise", "below", "at_the_top"),
    [
        (Otherwise.MOVE_UP, Outcome.MOVE_UP, Outcome.RETIRE_NO_CONSENSUS),
        (Otherwise.TO_REVIEWER, Outcome.TO_REVIEWER, Outcome.TO_REVIEWER),
        (Otherwise.RETIRE, Outcome.RETIRE_NO_CONSENSUS, Outcome.RETIRE_NO_CONSENSUS),
        (Otherwise.KEEP, Outcome.MORE_VOTES, Outcome.MORE_VOTES),
    ],
)
def test_what_happens_at_no_consensus_is_the_policys(otherwise, below, at_the_top):
    policy = RetirementPolicy(at_no_consensus=otherwise)
    assert decided(policy, value=0.6, votes=8) == below
    assert decided(policy, value=0.6, votes=8, is_top_level=True) == at_the_top


def test_three_votes_of_none_of_the_above_move_up_however_sure_the_classifier_is():
    policy = RetirementPolicy(none_of_the_above_votes=3)
    assert decided(policy, value=0.9, none_of_the_above_votes=2) == Outcome.MORE_VOTES
    assert decided(policy, value=0.9, none_of_the_above_votes=3) == Outcome.MOVE_UP


def test_a_class_may_ask_for_more_and_an_empty_picture_has_its_own_reason():
    policy = RetirementPolicy(
        per_class={"Chirp": ClassLimits(threshold=0.995)}, nothing_here=("No_Glitch",)
    )
    assert decided(policy, top_label="Blip") == Outcome.RETIRE_CONSENSUS
    assert decided(policy, top_label="Chirp") == Outcome.MORE_VOTES
    assert decided(policy, top_label="No_Glitch") == Outcome.RETIRE_NOTHING_HERE


def test_a_vote_that_is_not_worth_its_cost_is_not_asked_for():
    skill = np.array([[0.8, 0.2], [0.2, 0.8]])
    # At .9 two votes gain .028, three .042 (three of three or two of three against): .014 a vote.
    facts = {"value": 0.9, "is_top_level": True, "average_skill": skill}
    cheap, dear = (RetirementPolicy(stopping=Stopping(cost=cost)) for cost in (0.01, 0.02))
    assert decided(cheap, **facts) == Outcome.MORE_VOTES
    assert decided(dear, **facts) == Outcome.RETIRE_NOT_WORTH_A_VOTE
    assert decided(RetirementPolicy(), **facts) == Outcome.MORE_VOTES
    assert decided(dear, **facts | {"is_top_level": False}) == Outcome.MOVE_UP


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        (Outcome.RETIRE_CONSENSUS, RetireReason.CONSENSUS),
        (Outcome.RETIRE_NO_CONSENSUS, RetireReason.CLASSIFICATION_COUNT),
        (Outcome.RETIRE_NOTHING_HERE, RetireReason.NOTHING_HERE),
        (Outcome.RETIRE_NOT_WORTH_A_VOTE, RetireReason.OTHER),
        (Outcome.MORE_VOTES, None),
        (Outcome.TO_REVIEWER, None),
        (Outcome.MOVE_UP, None),
    ],
)
def test_reasons_are_those_of_zooniverse(outcome, reason):
    assert outcome.reason == reason


@pytest.mark.parametrize(
    ("correct", "seen", "mastered"),
    [(1, 1, False), (2, 2, False), (3, 3, True), (4, 4, True), (2, 4, False), (18, 20, True)],
)
def test_one_lucky_vote_a_class_promotes_nobody(correct, seen, mastered):
    assert is_mastered(correct, seen) is mastered


def test_promotion_wants_every_class():
    assert is_promoted([(9, 9, EVEN), (8, 9, EVEN)])
    assert not is_promoted([(9, 9, EVEN), (0, 0, EVEN)])


def test_nothing_to_master_promotes_nobody():
    assert not is_promoted([])


# Under Beta(8, 2), 3 of 4 give Beta(11, 3): P(accuracy > .7) = .80; under Beta(1, 1) .47.
@pytest.mark.parametrize(("belief", "mastered"), [(EVEN, False), (Belief(8, 2), True)])
def test_what_the_crowd_is_like_speaks_for_a_volunteer(belief, mastered):
    assert is_mastered(3, 4, belief) is mastered


def test_the_best_crowd_promotes_nobody_before_the_minimum_of_answers():
    assert not is_mastered(2, 2, Belief(1000, 1))


def test_answers_on_other_classes_speak_for_a_class_weakly():
    prior = SkillPrior(accuracy=0.75, answers=4, answers_per_class=8)
    counts = np.diag([12.0, 0.0, 0.0])
    # 12 of 12 on class 0: the share known is (12 + 3) / 16.
    assert beliefs(counts, prior)[1] == pytest.approx((8 * 15 / 16, 8 / 16))


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
