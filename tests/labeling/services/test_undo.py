"""A vote taken back: as if it had not been cast, or refused with the reason."""

import uuid
from datetime import timedelta

import numpy as np
import pytest
from django.db.models import F
from django.utils import timezone

from labeling.errors import LabelingError
from labeling.models import (
    Assignment,
    AuditEvent,
    BatchGlitch,
    Consensus,
    Glitch,
    Vote,
    Workflow,
)
from labeling.selectors.skills import gold_answers_by_class
from labeling.services.assignments import expire_leases, next_assignments
from labeling.services.proposals import accept_for_vote
from labeling.services.undo import undo_vote
from labeling.services.votes import record_vote
from tests.conftest import make_glitch, make_volunteer, only_stream, teach
from tests.labeling.web.worlds import make_proposal

pytestmark = pytest.mark.django_db


def assign(volunteer) -> Assignment:
    return next_assignments(volunteer, rng=np.random.default_rng(1))[0]


def cast(volunteer, label, key=None, assignment=None) -> Assignment:
    assignment = assignment or assign(volunteer)
    record_vote(volunteer, assignment.pk, idempotency_key=key or uuid.uuid4(), label=label)
    return assignment


def refused(volunteer, assignment) -> str:
    with pytest.raises(LabelingError) as refusal:
        undo_vote(volunteer, assignment.pk)
    return refusal.value.code


def state(glitch) -> tuple:
    glitch.refresh_from_db()
    agreed = Consensus.objects.filter(glitch=glitch).values_list("agreement", "votes_count")
    return glitch.votes_count, list(agreed)


def test_the_first_vote_leaves_no_trace_but_the_deed(taxonomy):
    glitch, ada = make_glitch(1), make_volunteer(level=6)
    before = state(glitch)
    again = undo_vote(ada, cast(ada, "Blip").pk)
    ada.refresh_from_db()
    assert state(glitch) == before == (0, [])
    assert (again.glitch_id, glitch.leases_open) == (glitch.pk, 1)
    assert (ada.votes_cast, Vote.objects.count()) == (0, 0)
    assert AuditEvent.objects.get(verb="undo_vote").data == {"answer": "Blip"}
    cast(ada, "Tomte", assignment=again)
    assert Vote.objects.get().voted.label == "Tomte"


def test_the_second_vote_gives_back_the_consensus_of_the_first(taxonomy):
    glitch, ada, ben = make_glitch(1), make_volunteer(level=6), make_volunteer("ben", level=6)
    cast(ben, "Tomte")
    before = state(glitch)
    assignment = cast(ada, "Koi_Fish")
    assert state(glitch) != before
    undo_vote(ada, assignment.pk)
    assert state(glitch) == before


def test_votes_and_leases_stay_within_the_limit_where_another_came_meanwhile(taxonomy):
    glitch = make_glitch(1)
    ada, ben, cy, dan = (make_volunteer(name, level=6) for name in ("ada", "ben", "cy", "dan"))
    cast(ben, "Tomte")
    assignment = cast(ada, "Koi_Fish")
    assign(cy)  # the third vote, which the second had made room for
    undo_vote(ada, assignment.pk)
    assert Glitch.objects.filter(
        pk=glitch.pk, votes_needed__gte=F("votes_count") + F("leases_open")
    ).exists()
    assert next_assignments(dan, rng=np.random.default_rng(1)) == []


def test_asked_twice_it_gives_the_same_assignment(taxonomy):
    make_glitch(1)
    ada = make_volunteer(level=6)
    assignment = cast(ada, "Blip")
    assert undo_vote(ada, assignment.pk) == undo_vote(ada, assignment.pk)
    assert Assignment.objects.filter(state="open").count() == 1


def test_asked_again_after_voting_anew_it_takes_nothing_back(taxonomy):
    make_glitch(1)
    ada = make_volunteer(level=6)
    assignment = cast(ada, "Blip")
    cast(ada, "Tomte", assignment=undo_vote(ada, assignment.pk))
    assert refused(ada, assignment) == "undo_done"
    assert Vote.objects.get().voted.label == "Tomte"


def test_asked_again_when_the_new_lease_has_run_out(taxonomy):
    make_glitch(1)
    ada = make_volunteer(level=6)
    assignment = cast(ada, "Blip")
    again = undo_vote(ada, assignment.pk)
    Assignment.objects.filter(pk=again.pk).update(leased_until=timezone.now())
    assert refused(ada, assignment) == "undo_done"


def at_the_first_level(votes_max: int) -> Glitch:
    """A glitch that so many votes without agreement move up to the second level."""
    first = Workflow.objects.get(level=1)
    Workflow.objects.filter(pk=first.pk).update(votes_min=1, votes_max=votes_max)
    glitch = make_glitch(1)
    Glitch.objects.filter(pk=glitch.pk).update(workflow=first, votes_needed=2)
    return glitch


def level_of(glitch) -> int:
    return Glitch.objects.get(pk=glitch.pk).workflow.level


def test_who_was_lent_the_glitch_again_keeps_that_lease(taxonomy):
    """The lease ran out, the glitch was lent anew, and the vote came by the old assignment."""
    glitch, ada = make_glitch(1), make_volunteer(level=6)
    old = assign(ada)
    Assignment.objects.filter(pk=old.pk).update(leased_until=timezone.now() - timedelta(seconds=1))
    expire_leases(timezone.now())
    new = assign(ada)
    cast(ada, "Blip", assignment=old)
    assert undo_vote(ada, old.pk).pk == new.pk
    glitch.refresh_from_db()
    assert (glitch.votes_count, glitch.leases_open) == (0, 1)
    cast(ada, "Tomte", assignment=new)


def test_a_glitch_that_the_vote_moved_up_comes_back_down(taxonomy):
    glitch = at_the_first_level(votes_max=2)
    ada, ben = make_volunteer("ada", level=1), make_volunteer("ben", level=1)
    cast(ben, "Whistle")
    before = state(glitch)
    assignment = cast(ada, "Blip")
    assert level_of(glitch) == 2
    again = undo_vote(ada, assignment.pk)
    assert (level_of(glitch), again.level, state(glitch)) == (1, 1, before)


def test_moved_up_by_the_only_vote(taxonomy):
    glitch = at_the_first_level(votes_max=1)
    ada = make_volunteer(level=1)
    assignment = cast(ada, "None_of_the_Above")
    assert level_of(glitch) == 2
    undo_vote(ada, assignment.pk)
    assert (level_of(glitch), state(glitch)) == (1, (0, []))


def test_a_glitch_that_others_moved_up_stays_there(taxonomy):
    glitch = at_the_first_level(votes_max=1)
    ada, ben = make_volunteer("ada", level=1), make_volunteer("ben", level=1)
    lent = assign(ada)
    cast(ben, "Whistle")
    before = state(glitch)
    cast(ada, "Blip", assignment=lent)
    undo_vote(ada, lent.pk)
    assert (level_of(glitch), state(glitch)) == (2, before)


def test_a_late_copy_of_the_vote_cannot_cast_it_again(taxonomy):
    make_glitch(1)
    ada, key = make_volunteer(level=6), uuid.uuid4()
    assignment = cast(ada, "Blip", key)
    undo_vote(ada, assignment.pk)
    with pytest.raises(LabelingError) as refusal:
        cast(ada, "Blip", key, assignment)
    assert refusal.value.code == "vote_undone"
    assert Vote.objects.count() == 0


def test_what_experts_said_is_not_taken_back(taxonomy):
    make_glitch(1, gold_label="Blip")
    ada = make_volunteer(level=5)
    assignment = cast(ada, "Tomte")
    assert refused(ada, assignment) == "undo_gold"
    ada.refresh_from_db()
    assert gold_answers_by_class(ada.skill) == {taxonomy["Blip"].pk: (0, 1)}


def test_a_settled_glitch_stays_settled(taxonomy):
    glitch, blip = make_glitch(1), taxonomy["Blip"]
    ada, ben = make_volunteer("ada", level=6), make_volunteer("ben", level=6)
    for volunteer in (ada, ben):
        teach(volunteer, blip, blip, 50)
    cast(ben, "Blip")
    assignment = cast(ada, "Blip")
    assert refused(ada, assignment) == "undo_settled"
    assert state(glitch)[0] == 2


def test_too_late_and_not_mine(taxonomy, settings):
    settings.UNDO_SECONDS = 8
    make_glitch(1)
    ada, eve = make_volunteer("ada", level=6), make_volunteer("eve", level=6)
    assignment = assign(ada)
    assert refused(ada, assignment) == "no_vote"
    cast(ada, "Blip", assignment=assignment)
    assert refused(eve, assignment) == "no_vote"
    Vote.objects.update(created_at=timezone.now() - timedelta(seconds=13))
    assert refused(ada, assignment) == "undo_too_late"
    assert Vote.objects.count() == 1


def test_an_answer_to_a_batch_question(taxonomy):
    only_stream("batch")
    accept_for_vote(make_proposal().pk, name="Crown", by=None)
    ada = make_volunteer(level=1)
    assignment = assign(ada)
    record_vote(ada, assignment.pk, idempotency_key=uuid.uuid4(), alike=True)
    again = Assignment.objects.get(pk=undo_vote(ada, assignment.pk).pk)
    place = BatchGlitch.objects.get(pk=Assignment.objects.get(pk=assignment.pk).batch_glitch_id)
    assert (place.votes_count, place.leases_open, Vote.objects.count()) == (0, 1, 0)
    assert again.batch_glitch_id == place.pk
