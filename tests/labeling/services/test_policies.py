"""A changed policy reaches the glitches that are there."""

import uuid

import numpy as np
import pytest
from django.core.exceptions import ValidationError

from labeling.models import Glitch, Workflow
from labeling.services.assignments import next_assignments
from labeling.services.policies import (
    change_workflow,
    policies_to_follow_up,
    reevaluate_workflow,
)
from labeling.services.taxonomy import current_taxonomy
from labeling.services.votes import record_vote
from tests.conftest import make_glitch, make_volunteer

pytestmark = pytest.mark.django_db


@pytest.fixture
def top(taxonomy) -> Workflow:
    return Workflow.objects.get(level=6)


def vote(name: str, label: str) -> None:
    volunteer = make_volunteer(name, level=6, votes_cast=1000)
    for seed in range(50):
        found = next_assignments(volunteer, rng=np.random.default_rng(seed))
        if found:
            break
    record_vote(volunteer, found[0].pk, idempotency_key=uuid.uuid4(), label=label)


def change(workflow: Workflow, **fields: object) -> int:
    for name, value in fields.items():
        setattr(workflow, name, value)
    change_workflow(workflow, by=None)
    return reevaluate_workflow(workflow.pk)


def test_raising_the_limit_of_votes_reopens_what_it_had_ended(top):
    change(top, votes_min=2, votes_max=2)
    glitch = make_glitch(1)
    vote("ada", "Blip")
    vote("ben", "Tomte")
    glitch.refresh_from_db()
    assert glitch.retire_reason == "classification_count"
    assert change(top, votes_max=5) == 1
    glitch.refresh_from_db()
    assert (glitch.retired_at, glitch.retire_reason, glitch.votes_needed) == (None, "", 3)
    vote("cy", "Blip")  # it is served again


@pytest.mark.parametrize(
    ("streams", "problem"),
    [
        ({"active": 2}, "active: must be a share"),
        ({"gold": 0.1}, "gold: no such key"),
        ({"batch": 0.5, "active": 0.6}, "batch: the shares"),
    ],
)
def test_a_mix_of_streams_that_cannot_be_is_refused_by_its_key(top, streams, problem):
    top.streams = streams
    with pytest.raises(ValidationError, match=problem):
        top.full_clean()


def test_lowering_the_threshold_retires_what_has_enough(top, taxonomy):
    change(top, retire_threshold=0.9999, votes_max=20)
    glitch = make_glitch(1)
    for name in ("ada", "ben"):
        vote(name, "Blip")
    glitch.refresh_from_db()
    assert glitch.retired_at is None
    assert change(top, retire_threshold=0.6) == 1
    glitch.refresh_from_db()
    assert glitch.retire_reason == "consensus"
    first = glitch.retired_at
    assert change(top, retire_threshold=0.61) == 0
    glitch.refresh_from_db()
    assert glitch.retired_at == first  # what stays retired keeps its date


def test_a_class_may_have_limits_of_its_own(top):
    change(top, policy={"per_class": {"Blip": {"votes_min": 3}}}, retire_threshold=0.6)
    blip, tomte = make_glitch(1), make_glitch(2)
    Glitch.objects.filter(pk=tomte.pk).update(workflow=None)
    vote("ada", "Blip")
    vote("ben", "Blip")
    blip.refresh_from_db()
    assert blip.retired_at is None
    vote("cy", "Blip")
    blip.refresh_from_db()
    assert blip.retire_reason == "consensus"


def test_what_people_decided_stays(top):
    glitch = make_glitch(1)
    vote("ada", "Blip")
    Glitch.objects.filter(pk=glitch.pk).update(
        retired_at="2026-01-01T00:00Z", retire_reason="human"
    )
    assert change(top, votes_max=30) == 0


def test_a_change_is_due_until_it_was_followed_up(top):
    assert policies_to_follow_up() == []
    change_workflow(top, by=None)
    assert policies_to_follow_up() == [top.pk]
    reevaluate_workflow(top.pk)
    assert policies_to_follow_up() == []
    assert reevaluate_workflow(top.pk) == 0


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        ({"per_class": {"Blip": {"votes_max": 0}}}, "per_class.Blip.votes_max"),
        ({"at_no_consensus": "shrug"}, "at_no_consensus"),
        ({"threshold": 0.5}, "fields of their own"),
        (["Blip"], "policy"),
    ],
)
def test_nonsense_is_refused_by_its_key(top, policy, said):
    top.policy = policy
    with pytest.raises(ValidationError, match=said):
        top.full_clean()


def test_the_majority_rule_counts_heads(top, taxonomy):
    change(top, rule="majority", retire_threshold=0.7, votes_min=3)
    glitch = make_glitch(1)
    for name in ("ada", "ben", "cy"):
        vote(name, "Blip")
    glitch.refresh_from_db()
    assert (glitch.retire_reason, glitch.consensus.top_agreement) == ("consensus", 1.0)


def test_what_another_process_decides_by_the_policy_of_before_is_judged_by_the_new(top, settings):
    """Each process goes by what it read up to two times TAXONOMY_SECONDS ago."""
    change(top, votes_min=2, votes_max=2)
    glitch = make_glitch(1)
    vote("ada", "Blip")
    current_taxonomy(newer=True)
    settings.TAXONOMY_SECONDS = 1000
    top.votes_max = 5
    change_workflow(top, by=None)
    waited = []

    def meanwhile(seconds: float) -> None:
        waited.append(seconds)
        vote("ben", "Tomte")
        glitch.refresh_from_db()
        assert glitch.retire_reason == "classification_count"  # as the old policy says

    assert reevaluate_workflow(top.pk, wait=meanwhile) == 1
    glitch.refresh_from_db()
    assert (waited, glitch.retire_reason, glitch.votes_needed) == ([2000], "", 3)
