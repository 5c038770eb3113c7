"""Review: proposals, from the list to the class."""

import pytest

from labeling.models import (
    Batch,
    BatchGlitch,
    DiscoveryRun,
    GoldLabel,
    Proposal,
)
from labeling.models.runs import Run
from tests.conftest import make_glitch
from tests.labeling.web.worlds import make_proposal

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def nothing_is_sent(monkeypatch):
    """The broker is not what these tests are about."""
    monkeypatch.setattr("labeling.jobs.send_now", lambda name, **ids: None)


def test_without_proposals_the_page_says_what_is_missing(as_reviewer):
    page = as_reviewer.get("/review/proposals/").content.decode()
    assert "Nothing proposed yet" in page
    assert "A search needs 10" in page
    after = as_reviewer.post("/review/proposals/search/", follow=True).content.decode()
    assert "train one first" in after
    assert not DiscoveryRun.objects.exists()


def test_a_search_under_way_is_followed(as_reviewer):
    DiscoveryRun.objects.create(state=Run.State.RUNNING, stage="clustering", progress=0.5)
    page = as_reviewer.get("/review/discovery/").content.decode()
    assert "clustering" in page
    assert 'hx-trigger="every 2s"' in page
    DiscoveryRun.objects.update(state=Run.State.SUCCEEDED)
    ended = as_reviewer.get("/review/discovery/", headers={"HX-Request": "true"})
    assert "hx-trigger" not in ended.content.decode()
    assert ended["HX-Refresh"] == "true"  # the page shows what was found


def test_the_list_shows_contact_sheets_and_filters_by_state(as_reviewer):
    make_proposal()
    page = as_reviewer.get("/review/proposals/").content.decode()
    assert page.count("/thumbnails/") == 6
    assert page.count('class="medoid"') == 2
    assert "simulated" in page
    assert (
        "None in this state"
        in as_reviewer.get("/review/proposals/?state=rejected").content.decode()
    )
    assert "Proposal " in as_reviewer.get("/review/proposals/?state=proposed").content.decode()


@pytest.mark.parametrize("query", ["?state=nonsense", "?duration=9", "?page=99", "?page=x"])
def test_a_query_that_makes_no_sense_shows_the_usual(as_reviewer, query):
    make_proposal()
    assert as_reviewer.get(f"/review/proposals/{query}").status_code == 200


def test_one_proposal_shows_what_is_known_of_it(as_reviewer):
    make_glitch(1, gold_label="Blip")
    proposal = make_proposal()
    page = as_reviewer.get(f"/review/proposals/{proposal.pk}/").content.decode()
    for text in (
        "They lie close together.",
        "Nearest known class: Blip",
        "1 Apr 2019",
        "week of",
        "Accept for a vote",
        "0.900",
    ):
        assert text in page


def test_a_proposal_that_is_not_there_is_told(as_reviewer):
    page = as_reviewer.get("/review/proposals/99/")
    assert page.status_code == 404
    assert "There is no proposal 99" in page.content.decode()


@pytest.mark.parametrize(
    ("given", "status", "message"),
    [
        ({"decision": "vote", "name": ""}, 400, "cannot name a class"),
        ({"decision": "vote", "name": "!"}, 400, "cannot name a class"),
        ({"decision": "vote", "name": "Blip"}, 409, "exists already"),
        ({"decision": "reject", "reason": "  "}, 400, "Say why"),
        ({"decision": "merge"}, 400, "Choose the proposal"),
        ({"decision": "merge", "into": "77"}, 400, "is decided already"),
        ({"decision": "burn"}, 400, "Choose one of the decisions"),
        ({}, 400, "This field is required"),
    ],
)
def test_a_decision_that_cannot_be_says_why_and_does_nothing(as_reviewer, given, status, message):
    proposal = make_proposal()
    page = as_reviewer.post(f"/review/proposals/{proposal.pk}/decide/", given)
    proposal.refresh_from_db()
    assert page.status_code == status
    assert message in page.content.decode()
    assert proposal.state == Proposal.State.PROPOSED


def test_rejecting_keeps_the_reason(as_reviewer):
    proposal = make_proposal()
    given = {"decision": "reject", "reason": "These are blips."}
    page = as_reviewer.post(f"/review/proposals/{proposal.pk}/decide/", given, follow=True)
    assert "These are blips." in page.content.decode()
    assert "Decide" not in page.content.decode()


def test_a_renamed_and_a_merged_one(as_reviewer):
    first, second = make_proposal(), make_proposal(range(200, 203))
    address = f"/review/proposals/{second.pk}/decide/"
    page = as_reviewer.post(address, {"decision": "rename", "name": "Old Hat"}, follow=True)
    assert "Old Hat" in page.content.decode()
    as_reviewer.post(address, {"decision": "merge", "into": first.pk})
    second.refresh_from_db()
    assert second.merged_into == first
    assert first.members.count() == 9


def test_the_way_of_a_proposal_to_a_class(as_reviewer):
    """Accepted for a vote, followed while volunteers vote, and born once the batch is closed."""
    proposal = make_proposal(range(100, 108))
    page = f"/review/proposals/{proposal.pk}/"
    as_reviewer.post(page + "decide/", {"decision": "vote", "name": "Reverse Chirp"})
    assert "Volunteers vote now" in as_reviewer.get(page).content.decode()
    fragment = as_reviewer.get(page + "batch/", headers=HTMX)
    assert "2 of 8 decided" in fragment.content.decode()
    assert "HX-Refresh" not in fragment
    early = as_reviewer.post(page + "decide/", {"decision": "accept"})
    assert (early.status_code, "Volunteers still vote" in early.content.decode()) == (409, True)

    BatchGlitch.objects.update(confirmed=True, belongs=0.99, decided_at="2026-01-01T00:00Z")
    Batch.objects.update(state=Batch.State.CLOSED)
    assert as_reviewer.get(page + "batch/", headers=HTMX)["HX-Refresh"] == "true"
    assert "the class is born" in as_reviewer.get(page).content.decode()
    born = as_reviewer.post(page + "decide/", {"decision": "accept"}, follow=True)
    assert "A class is born: Reverse Chirp" in born.content.decode()
    assert GoldLabel.objects.filter(glitch_class__label="Reverse_Chirp").count() == 8
    assert "born here" in as_reviewer.get("/classes/").content.decode()


def test_a_reviewer_closes_a_vote_that_nobody_is_left_to_finish(as_reviewer):
    proposal = make_proposal(range(100, 108))
    page = f"/review/proposals/{proposal.pk}/"
    as_reviewer.post(page + "decide/", {"decision": "vote", "name": "Reverse Chirp"})
    assert "Close the vote now" in as_reviewer.get(page).content.decode()
    closed = as_reviewer.post(page + "decide/", {"decision": "close"}, follow=True)
    assert "The vote is closed" in closed.content.decode()
    assert Batch.objects.get().state == Batch.State.CLOSED
