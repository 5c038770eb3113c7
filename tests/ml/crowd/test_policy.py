import dataclasses
import json

import pytest

from ml.crowd.policy import BadPolicy, ClassLimits, Otherwise, RetirementPolicy
from ml.crowd.stopping import Stopping

FULL = RetirementPolicy(
    threshold=0.9,
    votes_min=3,
    votes_max=12,
    per_class={"Chirp": ClassLimits(threshold=0.99, votes_min=5)},
    at_none_of_the_above=Otherwise.TO_REVIEWER,
    none_of_the_above_votes=3,
    at_no_consensus=Otherwise.KEEP,
    nothing_here=("No_Glitch",),
    stopping=Stopping(cost=0.01, horizon=2),
)


@pytest.mark.parametrize("policy", [RetirementPolicy(), FULL])
def test_a_policy_survives_json(policy):
    assert RetirementPolicy.from_dict(json.loads(json.dumps(policy.to_dict()))) == policy


def test_keys_left_out_have_their_defaults():
    assert RetirementPolicy.from_dict({"votes_max": 20}) == RetirementPolicy(votes_max=20)


def test_overrides_hold_for_their_class_alone():
    assert FULL.limits("Chirp") == (0.99, 5, 12)
    for other in ("Blip", None):
        assert FULL.limits(other) == (0.9, 3, 12)


def test_a_policy_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        FULL.threshold = 0.5


@pytest.mark.parametrize(
    ("plain", "key", "problem"),
    [
        ({"treshold": 0.9}, "treshold", "no such key; there are threshold, votes_min"),
        ({"threshold": 0}, "threshold", r"must be in \(0, 1\], got 0"),
        ({"threshold": "high"}, "threshold", "must be a number, got 'high'"),
        ({"votes_min": 0}, "votes_min", "must be a whole number of at least 1"),
        ({"votes_min": 2.5}, "votes_min", "must be a whole number of at least 1"),
        ({"votes_max": True}, "votes_max", "must be a whole number of at least 1"),
        ({"votes_min": 9}, "votes_max", r"must be at least votes_min \(9\), got 8"),
        ({"at_no_consensus": "shrug"}, "at_no_consensus", "one of move_up, to_reviewer, retire"),
        ({"at_none_of_the_above": ["keep"]}, "at_none_of_the_above", "must be one of"),
        ({"none_of_the_above_votes": -1}, "none_of_the_above_votes", "at least 1"),
        ({"nothing_here": "No_Glitch"}, "nothing_here", "must be a list of labels"),
        ({"per_class": []}, "per_class", "must be an object of keys and values"),
        ({"per_class": {"Blip": 3}}, "per_class.Blip", "must be an object of keys and values"),
        ({"per_class": {"Blip": {"votes": 3}}}, "per_class.Blip.votes", "no such key"),
        ({"per_class": {"Blip": {"threshold": 2}}}, "per_class.Blip.threshold", "must be in"),
        ({"per_class": {"Blip": {"votes_min": 10}}}, "per_class.Blip.votes_max", "at least"),
        ({"stopping": {"price": 1}}, "stopping.price", "no such key; there are cost, horizon"),
        ({"stopping": {"cost": 0}}, "stopping.cost", r"must be in \(0, 1\)"),
        ({"stopping": {"horizon": 9}}, "stopping.horizon", "must be at most 3"),
        (None, "policy", "must be an object of keys and values"),
    ],
)
def test_what_is_wrong_is_said_with_its_key(plain, key, problem):
    with pytest.raises(BadPolicy, match=problem) as caught:
        RetirementPolicy.from_dict(plain)
    assert caught.value.key == key
    assert str(caught.value).startswith(f"{key}: ")
