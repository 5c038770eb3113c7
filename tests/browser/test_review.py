"""A reviewer at work, and what every page must keep to."""

import contextlib

import pytest
from playwright.sync_api import Error, expect

from labeling.models import Batch, BatchGlitch, ModelVersion, Proposal, TrainingRun
from labeling.models.runs import Run
from labeling.services.classes import freeze_class_list
from tests.browser.axe import PHONE
from tests.browser.conftest import log_in, make_glitches, wait_for_glitch
from tests.labeling.web.worlds import EPOCHS, make_proposal, make_undecided, make_version

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_reviewer_sends_a_proposal_to_a_vote_and_a_class_is_born(page):
    proposal = make_proposal(range(100, 108))
    log_in(page, "rosa", role="reviewer", level=6)
    page.click("text=Review")
    page.click("article.proposal h2 a")
    page.fill("#name-vote", "Reverse Chirp")
    page.click("text=Accept for a vote")
    expect(page.locator("#batch-title")).to_have_text("The vote: 2 of 8 decided")
    # htmx follows the vote by itself, and offers to accept once the batch is closed.
    BatchGlitch.objects.update(confirmed=True, belongs=0.99, decided_at="2026-01-01T00:00Z")
    expect(page.locator("#batch-title")).to_have_text("The vote: 8 of 8 decided")
    Batch.objects.update(state=Batch.State.CLOSED)
    page.click("text=Accept: the class is born")
    expect(page.locator(".messages")).to_contain_text("A class is born: Reverse Chirp")
    proposal.refresh_from_db()
    assert proposal.state == Proposal.State.ACCEPTED
    page.goto("/label/")
    expect(page.locator("[data-label=Reverse_Chirp]")).to_contain_text("new")


def test_a_training_is_watched_while_it_runs(page):
    run = TrainingRun.objects.create(state=Run.State.RUNNING, stage="epoch 1 of 2", progress=0.5)
    log_in(page, "rosa", role="reviewer")
    page.goto(f"/review/training/{run.pk}/")
    expect(page.locator("#training")).to_contain_text("epoch 1 of 2")
    TrainingRun.objects.update(state=Run.State.SUCCEEDED, epochs=EPOCHS)
    expect(page.locator("#training .tag")).to_have_text("succeeded")
    expect(page.locator("#training polyline")).to_have_count(3)
    expect(page.locator("#training")).not_to_have_attribute("hx-trigger", "every 2s")


def test_a_training_that_fails_is_gone_on_with_where_one_watches_it(page):
    run = TrainingRun.objects.create(state=Run.State.RUNNING, stage="epoch 1 of 2", progress=0.5)
    log_in(page, "rosa", role="reviewer")
    page.goto(f"/review/training/{run.pk}/")
    TrainingRun.objects.update(
        state=Run.State.FAILED, error="No room.", ended_at="2026-01-01T00:00Z"
    )
    page.click("text=Go on with it")
    expect(page.locator("#training .tag")).to_have_text("requested")
    expect(page.locator("#training")).not_to_contain_text("No room.")


PAGES = [
    "/",
    "/classes/",
    "/label/",
    "/progress/",
    "/review/proposals/",
    "/review/models/classifier/1/",
    "/review/training/1/",
    "/review/experts/",
    "/review/system/",
    "/review/glitches/0000000001/",
    "/what-is-this/",
]


def test_every_page_is_light_fits_a_phone_and_obeys_its_own_policy(page):
    """Below 100 kB without the spectrograms; nothing blocked; nothing wider than the screen."""
    make_glitches(range(3), gold_label="Blip")
    make_proposal()
    make_undecided(50)
    run = make_version(1, "active").training_run
    long = freeze_class_list(["Blip", "None_of_the_Above", "Low_Frequency_Lines"])
    ModelVersion.objects.update(class_list=long)
    log_in(page, "rosa", role="reviewer", level=6)
    page.set_viewport_size(PHONE)
    complaints: list[str] = []
    page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
    weights: dict[str, int] = {}
    wide: dict[str, int] = {}

    def weigh(response) -> None:
        if "/pictures/" not in response.url and "/thumbnails/" not in response.url:
            with contextlib.suppress(Error):  # asked for late by the page before, which was left
                weights[response.url] = len(response.body())

    page.on("response", weigh)
    for address in PAGES:
        weights.clear()
        page.goto(address.replace("training/1", f"training/{run.pk}"))
        page.wait_for_load_state("load")
        wide[address] = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert 0 < sum(weights.values()) < 100_000, address
    assert complaints == []
    assert {address: pixels for address, pixels in wide.items() if pixels > 0} == {}


def test_pages_can_be_walked_with_the_keyboard_alone(page):
    make_glitches(range(1))
    log_in(page, "ada", level=6)
    wait_for_glitch(page)
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Skip to the content")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    unnamed = page.evaluate(
        """[...document.querySelectorAll('input:not([type=hidden]), select, textarea')]
        .filter(e => !e.labels.length && !e.ariaLabel).length"""
    )
    assert unnamed == 0
