"""Label, my progress: what a volunteer sees, and what never."""

import itertools
import json
import re
import uuid

import numpy as np
import pytest
from django.utils import timezone

from labeling.models import Glitch, GlitchClass, User, Workflow
from labeling.selectors.guide import class_buttons, field_guide
from labeling.services.assignments import next_assignments
from labeling.services.classes import add_class
from labeling.services.votes import record_vote
from tests.conftest import make_glitch, make_volunteer
from tests.labeling.web.worlds import make_undecided

pytestmark = pytest.mark.django_db


def vote(volunteer: User, label: str) -> None:
    """Vote on the next glitch; over some seeds gold is drawn where there is nothing else."""
    for seed in range(60):
        lent = next_assignments(volunteer, rng=np.random.default_rng(seed))
        if lent:
            record_vote(volunteer, lent[0].pk, idempotency_key=uuid.uuid4(), label=label)
            return
    raise AssertionError("nothing was lent")


@pytest.mark.parametrize(
    "address",
    [
        "/label/",
        "/label/classes/",
        "/progress/",
        "/practice/",
        "/collections/",
        "/collections/1/",
        "/glitches/0000000001/",
    ],
)
def test_strangers_are_sent_to_log_in(client, address):
    assert client.get(address)["Location"] == f"/log-in/?next={address}"


def test_buttons_show_key_name_and_traits(as_volunteer):
    page = as_volunteer.get("/label/").content.decode()
    assert page.count("<button type=button aria-pressed=false disabled") == 22
    assert re.search(
        r'data-label="Blip" data-key="1".*?<kbd>1</kbd>.*?Blip.*?short', page, re.DOTALL
    )
    assert re.search(r'data-label="None_of_the_Above" data-key="0"', page)


def test_the_page_is_light(as_volunteer):
    assert len(as_volunteer.get("/label/").content) < 40_000


def buttons(level: int) -> list[tuple[str, str] | None]:
    """Label and key of each place; None where it is empty."""
    return [entry and (entry.label, entry.key) for entry in class_buttons(up_to_level=level)]


def test_classes_keep_their_place_and_key_at_every_level(taxonomy):
    """Level by level the list grows at its end; None_of_the_Above alone stays last."""
    by_level = [buttons(level)[:-1] for level in range(1, 7)]
    assert [len(level) for level in by_level] == [2, 5, 9, 14, 21, 21]
    for lower, higher in itertools.pairwise(by_level):
        assert higher[: len(lower)] == lower


def test_a_class_born_meanwhile_moves_no_button(taxonomy):
    before = [(e.label, e.key) for e in field_guide()]
    add_class("Crown", "Crown", "Like the points of a crown.")
    after = [(e.label, e.key) for e in field_guide()]
    assert after[:21] == before[:21]
    assert after[21:] == [("Crown", "d"), ("None_of_the_Above", "0")]


def test_a_class_retired_moves_no_button(as_volunteer):
    before = buttons(6)
    GlitchClass.objects.filter(label="Blip").update(valid_to=timezone.now())
    assert buttons(6) == [None, *before[1:]]
    assert [entry.key for entry in field_guide()] == [key for _, key in before[1:]]
    page = as_volunteer.get("/label/").content.decode()
    assert re.search(r'<span></span><button[^>]*data-label="Whistle" data-key="2"', page)


def test_a_level_closed_moves_no_button(taxonomy):
    """The classes of level 2 are offered from level 3 on, in the places that they had."""
    second, third = buttons(2), buttons(3)
    Workflow.objects.filter(level=2).update(is_open=False)
    assert buttons(3) == third
    assert buttons(2) == [*second[:2], None, None, None, second[-1]]


def test_the_buttons_alone_are_there_for_the_script(as_volunteer):
    fragment = as_volunteer.get("/label/classes/").content.decode()
    facts = json.loads(re.search(r'id="class-facts"[^>]*>(.*?)</script>', fragment).group(1))
    assert facts["Blip"]["key"] == "1"
    assert "Tomte" in facts["Blip"]["twins"]
    assert "<html" not in fragment


def test_progress_before_the_first_vote_invites(as_volunteer):
    assert b"No votes yet" in as_volunteer.get("/progress/").content


def test_progress_tells_what_is_missing_for_the_next_level(client, taxonomy):
    make_glitch(1, gold_label="Blip")
    make_glitch(2, gold_label="Whistle")
    client.force_login(make_volunteer("ben", level=1))
    page = client.get("/progress/").content.decode()
    assert "Level 2 (Lines and fish) opens" in page
    # Four right answers in a row give P(accuracy > .7) = 1 - .7^5 = .83; three give .76.
    assert page.count("3 right answers in a row") == 2


def test_progress_without_gold_says_why_no_level_opens(client, taxonomy):
    client.force_login(make_volunteer("ben", level=1))
    assert "there are none yet" in client.get("/progress/").content.decode()


def test_agreement_is_told_only_once_a_glitch_is_settled(as_volunteer, volunteer):
    glitch = make_glitch(1)
    vote(volunteer, "Tomte")
    Glitch.objects.filter(pk=glitch.pk).update(retired_at=None, retire_reason="")
    page = as_volunteer.get("/progress/").content.decode()
    assert "still open: others are looking" in page
    assert "agreement" not in page
    Glitch.objects.filter(pk=glitch.pk).update(
        retired_at="2026-01-01T00:00Z", retire_reason="consensus"
    )
    assert "settled as Tomte, agreement" in as_volunteer.get("/progress/").content.decode()


def test_gold_answers_are_shown_by_class(as_volunteer, volunteer):
    make_glitch(1, gold_label="Blip", is_simulated=True)
    vote(volunteer, "Tomte")
    page = as_volunteer.get("/progress/").content.decode()
    assert "experts say Blip" in page
    assert "differs" in page
    assert "0 %" in page
    assert "simulated" in page


def test_a_glitch_without_consensus_says_that_an_expert_will_look(as_volunteer, volunteer):
    make_glitch(1)
    vote(volunteer, "Blip")
    other = make_undecided(2)
    volunteer.votes.update(glitch=other)
    assert "an expert will look" in as_volunteer.get("/progress/").content.decode()


def test_recent_votes_take_few_queries(
    as_volunteer, volunteer, settings, django_assert_max_num_queries
):
    for number in range(6):
        make_glitch(number)
        vote(volunteer, "Blip")
    settings.TAXONOMY_SECONDS = 60  # the votes have read it
    with django_assert_max_num_queries(18):
        as_volunteer.get("/progress/")


def test_a_level_that_closed_locks_nobody_out(as_volunteer, taxonomy):
    Workflow.objects.update(is_open=False)
    assert as_volunteer.get("/label/").status_code == 200
    assert as_volunteer.get("/progress/").status_code == 200
