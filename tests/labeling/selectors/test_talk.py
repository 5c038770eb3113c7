"""Nobody is shown what others say of a glitch that is still to be asked."""

import uuid
from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone

from labeling.models import AuditedGlitch, Glitch, Vote
from labeling.selectors.talk import collected_glitches, comments_on, may_discuss
from labeling.services.assignments import next_assignments
from labeling.services.collections import create_collection, put_in_collection
from labeling.services.comments import add_comment
from labeling.services.proposals import accept_for_vote
from labeling.services.votes import record_vote
from tests.conftest import make_glitch, make_volunteer
from tests.labeling.web.worlds import make_proposal

pytestmark = pytest.mark.django_db


def vote(volunteer, label="Blip") -> None:
    lent = next_assignments(volunteer, rng=np.random.default_rng(1))[0]
    record_vote(volunteer, lent.pk, idempotency_key=uuid.uuid4(), label=label)


def long_ago() -> None:
    Vote.objects.update(created_at=timezone.now() - timedelta(minutes=1))


def retire(glitch) -> None:
    Glitch.objects.filter(pk=glitch.pk).update(retired_at=timezone.now(), retire_reason="consensus")


def test_comments_of_others_come_after_the_vote_is_final(taxonomy):
    glitch, ada = make_glitch(1), make_volunteer("ada", level=6)
    add_comment(make_volunteer("ben"), glitch, "surely a Blip")
    mine = add_comment(ada, glitch, "hm")
    assert list(comments_on(glitch, ada)) == [mine]
    vote(ada)  # it can still be taken back, so it is still open
    assert list(comments_on(glitch, ada)) == [mine]
    long_ago()
    assert comments_on(glitch, ada).count() == 2


@pytest.mark.parametrize(
    ("gold", "retired", "role", "shown"),
    [
        (None, False, "volunteer", False),
        (None, True, "volunteer", True),
        ("Blip", True, "volunteer", False),  # gold is asked whatever its state
        ("Blip", False, "reviewer", True),
    ],
)
def test_without_a_vote_only_what_will_not_be_asked(taxonomy, gold, retired, role, shown):
    glitch = make_glitch(1, gold_label=gold)
    if retired:
        retire(glitch)
    assert may_discuss(make_volunteer(role=role, level=6), glitch) is shown


def test_what_a_batch_asks_about_is_not_discussed(taxonomy):
    proposal = make_proposal()
    member = proposal.members.last().glitch
    retire(member)
    ada = make_volunteer()
    assert may_discuss(ada, member)
    accept_for_vote(proposal.pk, name="Crown", by=None)
    assert not may_discuss(ada, member)


def test_public_collections_show_what_leads_nobody_and_count_the_rest(taxonomy):
    settled, still_open = make_glitch(1), make_glitch(2)
    retire(settled)
    owner, viewer = make_volunteer("owner"), make_volunteer("viewer")
    collection = create_collection(owner, "Blips", is_public=True)
    for glitch in (settled, still_open):
        put_in_collection(owner, collection.pk, glitch)

    def seen_by(person):
        shown, left_out = collected_glitches(collection, person)
        return [g["gravityspy_id"] for g in shown], left_out

    assert seen_by(owner) == (["0000000002", "0000000001"], 0)
    assert seen_by(viewer) == (["0000000001"], 1)


def test_what_the_audit_asks_about_is_as_closed_as_an_open_glitch_until_its_verdict(taxonomy):
    glitch, ada = make_glitch(1), make_volunteer("ada", level=6)
    retire(glitch)
    row = AuditedGlitch.objects.create(glitch=glitch, probability=0.02)
    assert may_discuss(ada, glitch)
    AuditedGlitch.objects.update(asked_at=timezone.now())
    assert not may_discuss(ada, glitch)
    row.refresh_from_db()
    row.found_class, row.found_agreement = taxonomy["Blip"], 0.99
    row.save()
    assert may_discuss(ada, glitch)
