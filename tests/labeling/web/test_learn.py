"""Tutorial and practice: they teach without a vote, and tell nothing that is still to be asked."""

import numpy as np
import pytest

from labeling.models import GoldLabel, Vote, Workflow
from labeling.selectors.examples import shown_gold
from labeling.selectors.practice import draw_practice
from tests.conftest import make_glitch, make_volunteer

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("step", range(1, 6))
def test_every_step_can_be_taken_skipped_and_taken_again(client, taxonomy, step):
    make_glitch(1, gold_label="Blip")
    page = client.get(f"/tutorial/{step}/").content.decode()
    assert 'aria-current="step"' in page
    assert 'href="/label/">Skip the tutorial' in page
    assert (f'href="/tutorial/{step + 1}/"' in page) is (step < 5)


def test_the_tutorial_of_an_empty_site_works_and_has_an_end(client, taxonomy):
    assert client.get("/tutorial/3/").status_code == 200
    assert client.get("/tutorial/6/").status_code == 404
    assert client.get("/tutorial/")["Location"] == "/tutorial/1/"


def test_practice_asks_tells_and_counts_nothing(as_volunteer, volunteer):
    make_glitch(1, gold_label="Blip")
    page = as_volunteer.get("/practice/").content.decode()
    assert 'name="glitch" value="0000000001"' in page
    assert "name=label value=Tomte" in page
    told = as_volunteer.post("/practice/", {"glitch": "0000000001", "label": "Tomte"})
    assert "The experts call it Blip" in told.content.decode()
    assert "You said Tomte" in told.content.decode()
    right = as_volunteer.post("/practice/", {"glitch": "0000000001", "label": "Blip"})
    assert "Yes, a Blip" in right.content.decode()
    volunteer.refresh_from_db()
    assert (Vote.objects.count(), volunteer.votes_cast, volunteer.gold_seen) == (0, 0, 0)


def test_practice_without_gold_says_so(as_volunteer):
    assert b"Nothing to practise on yet" in as_volunteer.get("/practice/").content


def test_what_may_be_asked_for_a_vote_is_told_to_nobody(as_volunteer, taxonomy):
    """Of eight gold glitches a few are shown to everybody; practice tells of those alone."""
    numbers = [f"{n:010d}" for n in range(8)]
    for n in range(8):
        make_glitch(n, gold_label="Blip")
    shown = set(shown_gold().values_list("glitch__gravityspy_id", flat=True))
    assert 0 < len(shown) < 8
    told = {
        number
        for number in numbers
        if as_volunteer.post("/practice/", {"glitch": number, "label": "Blip"}).status_code == 200
    }
    assert told == shown


def test_where_the_first_level_is_closed_a_newcomer_practises_the_next(client, taxonomy):
    make_glitch(1, gold_label="Koi_Fish")
    Workflow.objects.filter(level=1).update(is_open=False)
    client.force_login(make_volunteer("ben", level=1))
    page = client.get("/practice/").content.decode()
    assert 'name="glitch" value="0000000001"' in page
    assert "name=label value=Koi_Fish" in page


def test_practice_draws_from_the_classes_on_offer_and_not_the_same_one_again(taxonomy):
    """Level 1 offers Blip and Whistle."""
    for n, label in enumerate(("Blip", "Blip", "Tomte")):
        make_glitch(n, gold_label=label)
    GoldLabel.objects.update(split="train", is_shown=True)
    drawn = {
        draw_practice(1, besides="0000000000", rng=np.random.default_rng(seed)).pk
        for seed in range(20)
    }
    assert drawn == {GoldLabel.objects.get(glitch__gravityspy_id="0000000001").glitch_id}


def test_more_is_shown_to_practise_on_only_where_gold_is_plenty(taxonomy):
    """Two of a class; from the eighth of its training split on, two more."""
    shown = []
    for n in range(20):
        make_glitch(n, gold_label="Blip")
        in_train = GoldLabel.objects.filter(split="train").count()
        shown.append((in_train, shown_gold().count()))
    by_train = dict(shown)
    assert [by_train[n] for n in (1, 2, 3, 7, 8, 9, 10)] == [1, 2, 2, 2, 3, 4, 4]
    assert not shown_gold().exclude(split="train").exists()
