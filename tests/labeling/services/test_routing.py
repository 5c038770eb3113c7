"""Lending by skill: who knows Tomtes gets the glitch that may be one."""

import pytest

from labeling.models import Assignment, Consensus, Glitch, Pick, PickList, Workflow
from labeling.services.classes import freeze_class_list
from labeling.services.taxonomy import current_taxonomy
from tests.conftest import make_glitch, make_volunteer, teach
from tests.labeling.api.conftest import make_version, predict
from tests.labeling.services.test_streams import ask

pytestmark = pytest.mark.django_db
LABELS = ("Blip", "Tomte", "Whistle", "Helix")


@pytest.fixture
def world(taxonomy):
    """A glitch between Blip and Tomte, one between Whistle and Helix; a specialist for each."""
    Workflow.objects.update(streams={"batch": 0, "active": 0, "audit": 0, "route_by_skill": True})
    version = make_version(1, labels=LABELS)
    tomte, helix = make_glitch(1), make_glitch(2)
    predict(version, tomte, 0.5, 0.5, 0.0, 0.0)
    predict(version, helix, 0.0, 0.0, 0.5, 0.5)
    people = {}
    for name, known in (("tess", ("Blip", "Tomte")), ("hal", ("Whistle", "Helix"))):
        people[name] = make_volunteer(name, level=6, votes_cast=1000)
        for label in known:
            teach(people[name], taxonomy[label], taxonomy[label], 30)
    return people | {"tomte": tomte, "helix": helix}


@pytest.mark.parametrize("seed", range(3))
def test_each_gets_what_he_or_she_knows_best(world, seed):
    for name, glitch in (("tess", "tomte"), ("hal", "helix")):
        (shown,) = ask(world[name], seed)
        assert shown.glitch_id == world[glitch].pk
        lent = Assignment.objects.get(pk=shown.pk)
        assert lent.stream == "pool"
        assert lent.why["advantage"] > 0.05


def test_who_errs_much_on_it_gets_the_other(world, taxonomy):
    guesser = make_volunteer("gus", level=6, votes_cast=1000)
    for truth, voted in (
        ("Blip", "Tomte"),
        ("Blip", "Blip"),
        ("Tomte", "Blip"),
        ("Tomte", "Tomte"),
    ):
        teach(guesser, taxonomy[truth], taxonomy[voted], 15)
    (shown,) = ask(guesser)
    assert shown.glitch_id == world["helix"].pk


def test_the_crowds_opinion_counts_once_there_is_one(world, taxonomy):
    """Voted to be a Blip for sure, the first glitch has nothing left to say, even to tess."""
    labels = [c.label for c in current_taxonomy().axis.classes]
    agreement = [float(label == "Blip") for label in labels]
    Consensus.objects.create(
        glitch=world["tomte"],
        class_list=freeze_class_list(labels),
        agreement=agreement,
        top_class=taxonomy["Blip"],
        top_agreement=1.0,
        votes_count=1,
    )
    # On the other she is an average volunteer or a little better.
    (shown,) = ask(world["tess"])
    assert shown.glitch_id == world["helix"].pk


def test_picks_are_lent_by_skill_too_and_keep_why_they_were_picked(world):
    Workflow.objects.update(streams={"batch": 0, "active": 1, "audit": 0, "route_by_skill": True})
    made = PickList.objects.create(workflow=Workflow.objects.get(level=6), stream="active", size=2)
    for rank, name in enumerate(("tomte", "helix")):
        Pick.objects.create(pick_list=made, rank=rank, glitch=world[name], why={"rank": rank})
    (shown,) = ask(world["hal"])
    lent = Assignment.objects.get(pk=shown.pk)
    assert (lent.glitch_id, lent.stream, lent.why["rank"]) == (world["helix"].pk, "active", 1)
    assert lent.why["advantage"] > 0.05


def test_what_is_taken_meanwhile_is_not_lent(world):
    Glitch.objects.filter(pk=world["tomte"].pk).update(votes_count=1, leases_open=1)
    (shown,) = ask(world["tess"])
    assert shown.glitch_id == world["helix"].pk
