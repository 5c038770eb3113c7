"""Picks of active learning: which, when anew, and replaced as a whole."""

from datetime import timedelta

import pytest
from django.utils import timezone

from labeling.models import Embedding, Glitch, Pick, PickList, Workflow
from labeling.services import picks as picking
from labeling.services.picks import active_picks_due, outdate_picks, refresh_active_picks
from tests.conftest import make_glitch
from tests.labeling.api.conftest import make_version, predict

pytestmark = pytest.mark.django_db
LABELS = ("Blip", "Whistle", "Tomte", "None_of_the_Above")


@pytest.fixture
def top(taxonomy) -> Workflow:
    Workflow.objects.filter(level__lt=6).update(is_open=False)
    return Workflow.objects.get(level=6)


def scored(version, number, *probabilities, at=None):
    glitch = make_glitch(number, event_time=at)
    predict(version, glitch, *probabilities)
    return glitch


def picked(workflow):
    found = Pick.objects.filter(pick_list__workflow=workflow)
    return list(found.values_list("glitch", flat=True))


def test_the_uncertain_are_picked_and_never_two_of_one_minute(top):
    version = make_version(1, labels=LABELS)
    sure = scored(version, 1, 1.0, 0.0, 0.0, 0.0)
    torn = scored(version, 2, 0.5, 0.5, 0.0, 0.0, at=1000.0)
    echo = scored(version, 3, 0.5, 0.0, 0.5, 0.0, at=1030.0)
    even = scored(version, 4, 0.25, 0.25, 0.25, 0.25, at=2000.0)
    unknown = make_glitch(5)
    assert refresh_active_picks(top.pk, 0) >= 2
    found = picked(top)
    assert found[0] == even.pk
    assert len({torn.pk, echo.pk} & set(found)) == 1
    assert unknown.pk not in found
    first = Pick.objects.get(glitch=even)
    assert (first.why["version"], first.why["rank"]) == (1, 0)
    assert 0.5 < first.why["uncertainty"] <= 1
    # Chance may draw even the surest one, which the prior keeps from certainty, but last in doubt.
    doubts = dict(Pick.objects.values_list("glitch", "why__uncertainty"))
    assert doubts.get(sure.pk, 0.0) < min(doubts[pk] for pk in doubts if pk != sure.pk) / 2


def test_retired_reserved_gold_and_those_of_other_levels_are_no_picks(top):
    version = make_version(1, labels=LABELS)
    torn = (0.4, 0.3, 0.2, 0.1)
    retired, reserved, elsewhere, kept = (scored(version, n, *torn) for n in range(4))
    gold = make_glitch(9, gold_label="Blip")
    predict(version, gold, *torn)
    Glitch.objects.filter(pk=retired.pk).update(retired_at=timezone.now(), retire_reason="human")
    Glitch.objects.filter(pk=reserved.pk).update(is_reserved=True)
    Glitch.objects.filter(pk=elsewhere.pk).update(workflow=Workflow.objects.get(level=1))
    refresh_active_picks(top.pk, 0)
    assert picked(top) == [kept.pk]


def test_embeddings_tell_apart_what_is_predicted_alike(top):
    """Of three that are predicted alike two have the same embedding: it is picked once."""
    version = make_version(1, labels=LABELS)
    mapped = make_version(1, role="embedding", labels=LABELS)
    glitches = [scored(version, n, 0.4, 0.3, 0.2, 0.1) for n in range(3)]
    for glitch, place in zip(glitches, (0, 0, 1), strict=True):
        vector = [0.0] * 200
        vector[place] = 5.0
        Embedding.objects.create(glitch=glitch, model_version=mapped, vector=vector)
    assert refresh_active_picks(top.pk, 0) == 2
    assert glitches[2].pk in picked(top)


def test_a_message_that_comes_twice_changes_nothing(top):
    version = make_version(1, labels=LABELS)
    for number in range(5):
        scored(version, number, 0.4 + number / 100, 0.3, 0.2, 0.1 - number / 100)
    assert refresh_active_picks(top.pk, 0) == 5
    first = picked(top), PickList.objects.get().version
    assert refresh_active_picks(top.pk, 0) == 0
    assert (picked(top), PickList.objects.get().version) == first
    assert refresh_active_picks(top.pk, 1) == 5
    assert (len(picked(top)), PickList.objects.get().version) == (5, 2)


def test_no_more_than_the_bound_is_looked_at_and_picked(top, monkeypatch):
    monkeypatch.setattr(picking, "LOOKED_AT", 6)
    monkeypatch.setattr(picking, "UNCERTAIN", 4)
    monkeypatch.setattr(picking, "PICKS", 3)
    version = make_version(1, labels=LABELS)
    for number in range(8):
        scored(version, number, 0.4 + number / 100, 0.3, 0.2, 0.1 - number / 100)
    assert refresh_active_picks(top.pk, 0) == 3


def test_they_are_due_when_half_is_voted_on_old_or_of_another_classifier(top):
    due = [(top.pk, 1)]
    assert active_picks_due() == [(top.pk, 0)]
    version = make_version(1, labels=LABELS)
    for number in range(4):
        scored(version, number, 0.4 + number / 100, 0.3, 0.2, 0.1 - number / 100)
    refresh_active_picks(top.pk, 0)
    assert active_picks_due() == []
    Glitch.objects.filter(pk__in=picked(top)[:2]).update(votes_count=2)
    assert active_picks_due() == []
    Glitch.objects.filter(pk__in=picked(top)[:3]).update(votes_count=2)
    assert active_picks_due() == due
    Glitch.objects.update(votes_count=0)
    assert active_picks_due() == []
    PickList.objects.update(made_at=timezone.now() - timedelta(minutes=11))
    assert active_picks_due() == due
    PickList.objects.update(made_at=timezone.now())
    outdate_picks()
    assert active_picks_due() == due
    PickList.objects.update(made_at=timezone.now())
    version.state = "replaced"
    version.save()
    make_version(2, labels=LABELS)
    assert active_picks_due() == due


def test_a_level_that_wants_none_is_left_alone(top):
    Workflow.objects.update(streams={"active": 0})
    assert active_picks_due() == []
