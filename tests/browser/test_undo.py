"""A slip is taken back: by key, by click, and not where experts have spoken."""

import pytest
from playwright.sync_api import expect

from labeling.models import Assignment, Glitch, Vote, Workflow
from tests.browser.conftest import log_in, make_glitches, wait_for_glitch

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

OFFERED_SECONDS = 600  # a machine under load takes longer than a person's eight seconds


@pytest.fixture(autouse=True)
def time_enough(settings):
    settings.UNDO_SECONDS = OFFERED_SECONDS


def vote(page, key: str) -> None:
    page.keyboard.press(key)
    page.keyboard.press(key)


def test_the_last_vote_is_taken_back_and_cast_anew(page):
    make_glitches(range(6))
    log_in(page, "ada", level=6)
    first = wait_for_glitch(page)
    vote(page, "1")
    expect(page.locator("#undo")).to_contain_text("Undo Blip")
    expect(page.locator("#told")).to_contain_text("Backspace takes it back")
    page.keyboard.press("Backspace")
    expect(page.locator("#votes")).to_have_text("0")
    expect(page.locator("#glitch-name")).to_have_text(first)
    expect(page.locator("#undo")).to_be_hidden()
    assert Vote.objects.count() == 0
    vote(page, "2")
    expect(page.locator("#votes")).to_have_text("1")
    kept = Vote.objects.get()
    assert (kept.voted.label, kept.glitch.gravityspy_id) == ("Whistle", first.split()[1])
    page.click("#undo")
    expect(page.locator("#votes")).to_have_text("0")
    assert Assignment.objects.filter(state="undone").count() == 2


def test_it_is_offered_for_some_seconds(page):
    page.clock.install()  # the page's own time, which the test moves on
    undone = []
    page.on("request", lambda r: undone.append(r.url) if r.url.endswith("/undo") else None)
    make_glitches(range(4))
    log_in(page, "ada", level=6)
    first = wait_for_glitch(page)
    vote(page, "1")
    expect(page.locator("#undo")).to_be_visible()
    page.clock.fast_forward(1000 * OFFERED_SECONDS)
    expect(page.locator("#undo")).to_be_hidden()
    page.keyboard.press("Backspace")
    expect(page.locator("#glitch-name")).not_to_have_text(first)
    vote(page, "2")
    expect(page.locator("#votes")).to_have_text("2")
    assert (undone, Vote.objects.count()) == ([], 2)


def test_what_experts_said_offers_no_undo(page, monkeypatch):
    monkeypatch.setattr("labeling.services.assignments.gold_share", lambda seen: 1.0)
    make_glitches(range(4), gold_label="Blip")
    log_in(page, "ada", level=1)
    wait_for_glitch(page)
    vote(page, "1")
    expect(page.locator("#feedback")).to_contain_text("the experts also say Blip")
    expect(page.locator("#undo")).to_be_hidden()


def test_a_vote_that_settles_the_glitch_offers_no_undo(page):
    """The server would refuse it: so the page does not offer it for eight seconds."""
    make_glitches(range(2))
    Workflow.objects.update(votes_min=1, votes_max=1)
    log_in(page, "ada", level=6)
    wait_for_glitch(page)
    vote(page, "1")
    expect(page.locator("#votes")).to_have_text("1")
    assert Glitch.objects.filter(retired_at__isnull=False).count() == 1
    expect(page.locator("#undo")).to_be_hidden()
    expect(page.locator("#told")).to_be_empty()


def test_a_refusal_says_why(page, settings):
    make_glitches(range(4))
    log_in(page, "ada", level=6)
    wait_for_glitch(page)
    vote(page, "1")
    expect(page.locator("#undo")).to_be_visible()
    settings.UNDO_SECONDS = -10  # the server finds that it is too late
    page.keyboard.press("Backspace")
    expect(page.locator("#trouble")).to_contain_text("was not taken back: A vote can be")
    expect(page.locator("#votes")).to_have_text("1")
