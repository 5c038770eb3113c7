"""Votes: recorded once, told apart, counted, and what follows."""

import uuid

import numpy as np
import pytest

from labeling.errors import LabelingError
from labeling.models import Assignment, Glitch, Vote
from labeling.selectors.skills import gold_answers_by_class
from labeling.services.assignments import next_assignments
from labeling.services.classes import add_class
from labeling.services.gold import add_gold_label
from labeling.services.taxonomy import current_taxonomy
from labeling.services.votes import record_vote
from tests.conftest import make_glitch, make_volunteer, teach

pytestmark = pytest.mark.django_db


def assign(volunteer, seed=1):
    return next_assignments(volunteer, want=1, rng=np.random.default_rng(seed))[0]


def vote(volunteer, label, assignment=None, key=None):
    assignment = assignment or assign(volunteer)
    return record_vote(volunteer, assignment.pk, idempotency_key=key or uuid.uuid4(), label=label)


def test_two_skilled_votes_retire_a_glitch(taxonomy):
    glitch = make_glitch(1)
    blip = taxonomy["Blip"]
    for name in ("ada", "ben", "cy"):
        volunteer = make_volunteer(name, level=6)
        teach(volunteer, blip, blip, 30)
        glitch.refresh_from_db()
        if glitch.retired_at is None:
            vote(volunteer, "Blip")
    glitch.refresh_from_db()
    assert glitch.retire_reason == Glitch.RetireReason.CONSENSUS
    assert glitch.consensus.top_class == blip
    assert glitch.votes_count == 2
    assert glitch.leases_open == 0


def test_the_same_vote_again_gives_the_first_receipt(taxonomy):
    make_glitch(1)
    ada = make_volunteer(level=6)
    assignment, key = assign(ada), uuid.uuid4()
    first = vote(ada, "Blip", assignment, key)
    again = vote(ada, "Blip", assignment, key)
    assert (first.created, again.created) == (True, False)
    assert first.vote == again.vote
    assert Vote.objects.count() == 1


@pytest.mark.parametrize(
    ("label", "code"),
    [
        ("Whistle", "already_voted"),
        ("Unicorn", "unknown_class"),
    ],
)
def test_a_second_different_vote_is_refused(taxonomy, label, code):
    make_glitch(1)
    ada = make_volunteer(level=6)
    assignment = assign(ada)
    vote(ada, "Blip", assignment)
    with pytest.raises(LabelingError) as refusal:
        vote(ada, label, assignment)
    assert refusal.value.code == code
    assert Vote.objects.get().voted.label == "Blip"


def test_an_assignment_of_another_is_no_assignment(taxonomy):
    make_glitch(1)
    assignment = assign(make_volunteer("ada", level=6))
    with pytest.raises(LabelingError) as refusal:
        vote(make_volunteer("eve", level=6), "Blip", assignment)
    assert refusal.value.code == "never_assigned"


def test_a_vote_after_the_lease_ran_out_still_counts_once(taxonomy):
    glitch = make_glitch(1)
    ada = make_volunteer(level=6)
    assignment = assign(ada)
    Assignment.objects.update(leased_until="2020-01-01T00:00Z")
    make_glitch(2)
    assign(make_volunteer("ben", level=6))  # may sweep the lease
    vote(ada, "Blip", assignment)
    glitch = Glitch.objects.get(pk=assignment.glitch_id)
    assert glitch.votes_count == 1


def test_a_late_vote_on_a_retired_glitch_changes_nothing_that_was_agreed(taxonomy):
    glitch = make_glitch(1)
    ada, ben, cy = (make_volunteer(name, level=6) for name in ("ada", "ben", "cy"))
    blip = taxonomy["Blip"]
    for volunteer in (ben, cy):
        teach(volunteer, blip, blip, 50)
    late = assign(ada)
    Assignment.objects.update(leased_until="2020-01-01T00:00Z")
    for volunteer in (ben, cy):
        vote(volunteer, "Blip")
    receipt = vote(ada, "Koi_Fish", late)
    glitch.refresh_from_db()
    assert receipt.vote.after_retirement
    assert (glitch.votes_count, glitch.consensus.top_class) == (3, blip)
    assert glitch.consensus.votes_count == 2


def test_a_process_yet_to_hear_of_a_class_counts_votes_given_where_it_was_offered(
    taxonomy, settings, monkeypatch
):
    glitch = make_glitch(1)
    ada, ben = make_volunteer("ada", level=6), make_volunteer("ben", level=6)
    assignment = assign(ada)
    settings.TAXONOMY_SECONDS = 60
    before = current_taxonomy(newer=True)
    born = add_class("Crown", "Crown", "")
    current_taxonomy(newer=True)  # as another process has it
    vote(ben, "Crown")
    monkeypatch.setattr("labeling.services.taxonomy._current", before)
    vote(ada, "None_of_the_Above", assignment)
    assert glitch.consensus.votes_count == 2
    assert glitch.consensus.top_class == born


def test_what_became_gold_of_a_class_that_was_not_offered_counts_against_nobody(taxonomy):
    glitch = make_glitch(1)
    ada = make_volunteer(level=6)
    assignment = assign(ada)
    born = add_class("Crown", "Crown", "")
    add_gold_label(glitch, born, by=None)
    receipt = vote(ada, "None_of_the_Above", assignment)
    ada.refresh_from_db()
    assert receipt.gold is None
    assert (ada.votes_cast, ada.gold_seen) == (1, 0)
    assert ada.skill is None


def test_gold_answers_teach_the_skill_and_nothing_else(taxonomy):
    gold = make_glitch(1, gold_label="Blip")
    ada = make_volunteer(level=6)
    assignment = None
    for seed in range(50):
        found = next_assignments(ada, rng=np.random.default_rng(seed))
        if found:
            assignment = found[0]
            break
    receipt = vote(ada, "Tomte", assignment)
    ada.refresh_from_db()
    gold.refresh_from_db()
    assert receipt.gold.label == "Blip"
    assert (ada.gold_seen, ada.gold_correct, ada.votes_cast) == (1, 0, 1)
    assert gold_answers_by_class(ada.skill) == {taxonomy["Blip"].pk: (0, 1)}
    assert gold.votes_count == 0
