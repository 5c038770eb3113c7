"""A vote is kept until the site has confirmed it: a real server goes away and comes back."""

import pytest
from playwright.sync_api import expect

from labeling.models import Vote
from tests.browser.conftest import expect_nothing_waits, log_in, make_glitches, wait_for_glitch
from tests.browser.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def server(tmp_path, own_files, settings):
    # The other process knows nothing of the tests' quick hashing.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    started = Server(tmp_path)
    started.start()
    yield started
    started.stop()


@pytest.fixture
def page(browser, server):
    context = browser.new_context(base_url=server.url, reduced_motion="reduce")
    context.set_default_timeout(10_000)
    yield context.new_page()
    context.close()


def vote_blindly(page, key: str) -> None:
    """Choose and confirm without waiting for anybody."""
    page.keyboard.press(key)
    page.keyboard.press(key)


def labels() -> list[str]:
    return list(Vote.objects.order_by("pk").values_list("voted__label", flat=True))


def test_votes_outlive_a_server_that_is_stopped_and_started(page, server):
    make_glitches(range(6))
    log_in(page, "ada", level=6)
    wait_for_glitch(page)
    page.wait_for_load_state("networkidle")
    server.stop()
    vote_blindly(page, "1")
    vote_blindly(page, "2")
    vote_blindly(page, "0")  # the last of those loaded ahead
    expect(page.locator("#trouble")).to_contain_text("3 votes wait in this browser")
    expect(page.locator("#glitch-name")).to_contain_text("loading")
    assert labels() == []
    server.start()
    expect(page.locator("#votes")).to_have_text("3", timeout=40_000)
    expect(page.locator("#trouble")).to_be_hidden()
    wait_for_glitch(page)  # nobody had to ask for it
    assert labels() == ["Blip", "Whistle", "None_of_the_Above"]


def test_votes_outlive_a_page_closed_while_the_server_was_down(page, server):
    make_glitches(range(6))
    log_in(page, "ada", level=6)
    wait_for_glitch(page)
    page.wait_for_load_state("networkidle")
    server.stop()
    vote_blindly(page, "1")
    expect(page.locator("#trouble")).to_contain_text("1 vote waits in this browser")
    context = page.context
    page.close()
    server.start()
    reopened = context.new_page()
    reopened.goto("/label/")
    wait_for_glitch(reopened)
    expect_nothing_waits(reopened)
    assert labels() == ["Blip"]


def test_two_tabs_send_a_waiting_vote_once(page, server):
    make_glitches(range(8))
    log_in(page, "ada", level=6)
    wait_for_glitch(page)
    page.wait_for_load_state("networkidle")
    server.stop()
    vote_blindly(page, "1")
    expect(page.locator("#trouble")).to_contain_text("1 vote waits in this browser")
    server.start()
    other = page.context.new_page()
    other.goto("/label/")
    expect_nothing_waits(other)
    expect_nothing_waits(page)
    assert labels() == ["Blip"]
