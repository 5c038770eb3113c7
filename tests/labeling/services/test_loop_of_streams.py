"""Votes and sweeps in turn with all streams on: a crowd at all levels comes to an end."""

import uuid

import numpy as np
import pytest
from django.utils import timezone

from labeling.models import Assignment, Glitch
from labeling.selectors.sampling import audit_report
from labeling.services.assignments import next_assignments
from labeling.services.picks import active_picks_due, refresh_active_picks
from labeling.services.predictions import Scored, store_predictions
from labeling.services.sampling import LOWER_DIGITS, audit
from labeling.services.votes import record_vote
from tests.conftest import make_glitch, make_volunteer, teach
from tests.labeling.api.conftest import make_version

pytestmark = pytest.mark.django_db
KINDS = ("Blip", "Whistle", "Tomte", "Helix")
LEVELS = (1, 1, 3, 3, 6, 6, 6, 6, 6, 6)


def sweep() -> None:
    for workflow_id, version in active_picks_due():
        refresh_active_picks(workflow_id, version)
    audit(timezone.now())


@pytest.fixture
def truth(taxonomy, settings) -> dict[int, str]:
    """24 glitches, six a class, of which the classifier is sure of half; a third is audited."""
    settings.AUDIT_RATE = 0.3
    version = make_version(1, labels=KINDS)
    truth, scored = {}, []
    for number in range(24):
        glitch = make_glitch(number, event_time=1000.0 + 40 * number)
        # Places that are exact in binary: the digits behind are 0, 1/3 and 2/3 of the audit's.
        place = number / 32 + number % 3 / 3 / LOWER_DIGITS
        Glitch.objects.filter(pk=glitch.pk).update(queue_key=place)
        truth[glitch.pk] = KINDS[number % 4]
        sure = 0.97 if number % 2 else 0.4
        probabilities = [sure if kind == truth[glitch.pk] else (1 - sure) / 3 for kind in KINDS]
        scored.append(Scored(glitch.pk, probabilities))
    store_predictions(version, scored)
    return truth


def test_all_are_settled_and_the_audit_agrees_with_honest_votes(truth, taxonomy):
    crowd = [
        make_volunteer(f"v{n}", level=level, votes_cast=1000) for n, level in enumerate(LEVELS)
    ]
    for volunteer in crowd:
        for kind in (*KINDS, "None_of_the_Above"):
            teach(volunteer, taxonomy[kind], taxonomy[kind], 20)
    rng = np.random.default_rng(0)
    idle_rounds = 0
    while idle_rounds < 2:
        sweep()
        voted = sum(vote_once(volunteer, truth, rng) for volunteer in crowd)
        idle_rounds = 0 if voted else idle_rounds + 1
    assert not Glitch.objects.filter(retired_at=None).exists()
    assert {g.pk: g.consensus.top_class.label for g in Glitch.objects.all()} == truth
    assert {"pool", "active", "audit"} == set(Assignment.objects.values_list("stream", flat=True))
    report = audit_report()
    assert (report.judged, report.waiting, report.asked) == (8, 0, 0)
    assert report.consensus.share == 0.0
    assert report.classifier.share == 0.0


def vote_once(volunteer, truth, rng) -> bool:
    for shown in next_assignments(volunteer, rng=rng):
        label = truth[shown.glitch_id]
        answer = label if label in (shown.labels or []) else "None_of_the_Above"
        record_vote(volunteer, shown.pk, idempotency_key=uuid.uuid4(), label=answer)
        return True
    return False
