"""Votes on their way: where the browser stores nothing, and where an answer was lost."""

import pytest
from playwright.sync_api import expect

from labeling.models import GlitchClass, User, Vote, Workflow
from tests.browser.conftest import expect_nothing_waits, log_in, make_glitches, wait_for_glitch
from tests.conftest import teach

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

VOTES = "**/api/v1/votes"
FULL = """Storage.prototype.setItem = () => {
    throw new DOMException("full", "QuotaExceededError");
};"""


def vote(page, key: str) -> None:
    page.keyboard.press(key)
    page.keyboard.press(key)


def lose_the_answer(route) -> None:
    """The vote is stored, and the page never hears of it."""
    route.fetch()
    route.abort()


def test_a_vote_is_sent_where_nothing_can_be_stored(page):
    page.add_init_script(FULL)
    make_glitches(range(6))
    log_in(page, "ada", level=6)
    wait_for_glitch(page)
    page.route(VOTES, lambda route: route.abort(), times=1)
    vote(page, "1")
    expect(page.locator("#trouble")).to_contain_text("1 vote waits in this browser")
    expect(page.locator("#votes")).to_have_text("1")
    vote(page, "2")
    expect(page.locator("#votes")).to_have_text("2")
    labels = Vote.objects.order_by("pk").values_list("voted__label", flat=True)
    assert list(labels) == ["Blip", "Whistle"]


def test_a_vote_that_storage_will_not_give_up_is_sent_once(page):
    make_glitches(range(6))
    log_in(page, "ada", level=6)
    wait_for_glitch(page)
    page.route(VOTES, lambda route: route.abort())
    vote(page, "1")
    expect(page.locator("#trouble")).to_contain_text("1 vote waits in this browser")
    page.goto("/")  # where nothing is sent
    page.unroute(VOTES)
    page.add_init_script(FULL)
    sent = []
    page.on("request", lambda r: sent.append(r.url) if r.url.endswith("/votes") else None)
    page.goto("/label/")
    expect(page.locator("#votes")).to_have_text("1")
    wait_for_glitch(page)
    vote(page, "2")
    expect(page.locator("#votes")).to_have_text("2")
    assert len(sent) == Vote.objects.count() == 2


def test_a_vote_whose_answer_was_lost_is_counted_once(page, monkeypatch):
    """With what followed from it: the experts' answer, and the level that it opened."""
    monkeypatch.setattr("labeling.services.assignments.gold_share", lambda seen: 1.0)
    Workflow.objects.filter(level__in=(2, 3, 4, 5)).update(is_open=False)
    make_glitches(range(6), gold_label="Blip")
    log_in(page, "ada", level=1)
    wait_for_glitch(page)
    blip = GlitchClass.objects.get(label="Blip")
    teach(User.objects.get(), blip, blip, 50)
    page.route(VOTES, lose_the_answer, times=1)
    vote(page, "1")
    expect(page.locator("#feedback")).to_contain_text("the experts also say Blip")
    expect(page.locator("#feedback")).to_contain_text("You have reached level 6")
    expect(page.locator("#line")).to_contain_text("1 vote · level 6")
    expect(page.locator("#gold-correct")).to_have_text("1")
    expect(page.locator("#gold-seen")).to_have_text("1")
    expect(page.locator("#feedback")).to_contain_text("Tomte")
    assert User.objects.get().level == 6


def test_a_vote_from_before_a_reload_is_not_counted_again(page):
    make_glitches(range(6))
    log_in(page, "ada", level=6)
    wait_for_glitch(page)
    page.route(VOTES, lambda route: route.abort())
    page.route(VOTES, lose_the_answer, times=1)  # goes before the one above
    vote(page, "1")
    expect(page.locator("#trouble")).to_contain_text("1 vote waits in this browser")
    page.goto("/")
    page.unroute(VOTES)
    page.goto("/label/")
    wait_for_glitch(page)
    expect_nothing_waits(page)
    expect(page.locator("#votes")).to_have_text("1")
    vote(page, "2")
    expect(page.locator("#votes")).to_have_text("2")
    assert Vote.objects.count() == 2
