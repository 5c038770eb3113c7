"""What somebody's votes brought about: glitches settled, classes found."""

import uuid

import pytest
from django.utils import timezone

from labeling.models import Assignment, Batch, Glitch, Vote
from labeling.selectors.deeds import classes_helped_discover, glitches_helped_retire
from labeling.services.classes import freeze_class_list
from tests.conftest import make_glitch, make_volunteer
from tests.labeling.web.worlds import make_proposal

pytestmark = pytest.mark.django_db


def cast(volunteer, glitch, voted=None, batch=None, **fields) -> None:
    offered = freeze_class_list(["Blip"])
    assignment = Assignment.objects.create(
        volunteer=volunteer,
        glitch=glitch,
        offered=offered,
        stream="pool",
        state="voted",
        leased_until=timezone.now(),
    )
    Vote.objects.create(
        volunteer=volunteer,
        glitch=glitch,
        assignment=assignment,
        voted=voted,
        batch=batch,
        alike=None if batch is None else True,
        offered=offered,
        idempotency_key=uuid.uuid4(),
        **fields,
    )


def test_votes_before_the_retirement_helped(taxonomy):
    """Of four glitches voted on: settled, settled before the vote, gold, still open."""
    ada, blip = make_volunteer(), taxonomy["Blip"]
    glitches = [make_glitch(n) for n in range(4)]
    cast(ada, glitches[0], blip)
    cast(ada, glitches[1], blip, after_retirement=True)
    cast(ada, glitches[2], blip, was_gold=True)
    cast(ada, glitches[3], blip)
    settled = [g.pk for g in glitches[:3]]
    Glitch.objects.filter(pk__in=settled).update(
        retired_at=timezone.now(), retire_reason="consensus"
    )
    assert glitches_helped_retire(ada) == 1
    assert glitches_helped_retire(make_volunteer("ben")) == 0


def test_classes_found_by_seeing_the_unknown_or_by_voting_on_it(taxonomy):
    ada, ben, eve = (make_volunteer(name) for name in ("ada", "ben", "eve"))
    proposal = make_proposal()
    members = [member.glitch for member in proposal.members.all()]
    none, blip = taxonomy["None_of_the_Above"], taxonomy["Blip"]
    batch = Batch.objects.create(proposal=proposal)
    cast(ada, members[0], none)
    cast(ada, members[1], none)
    cast(ada, members[2], blip)  # took it for a Blip: no help
    cast(ada, members[3], batch=batch)
    cast(ben, members[3], batch=batch)
    cast(eve, make_glitch(1), none)  # unknown, but no member
    assert classes_helped_discover(ada) == []  # nothing was born yet
    born = taxonomy["Helix"]
    born.proposal = proposal
    born.save()

    def found(volunteer):
        return [(d.label, d.answers, d.unknowns) for d in classes_helped_discover(volunteer)]

    assert found(ada) == [("Helix", 1, 2)]
    assert found(ben) == [("Helix", 1, 0)]
    assert found(eve) == []
