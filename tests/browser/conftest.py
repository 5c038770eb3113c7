"""A real Chromium against a live server: what a person sees and does."""

import os
import shutil
import threading
import time

import pytest
from django.test import override_settings
from playwright.sync_api import expect, sync_playwright

from labeling.models import User
from labeling.services.classes import load_gravity_spy
from scripts.screenshots import FLAGS
from tests.conftest import make_glitch, make_volunteer

# Playwright's loop runs in this thread, and Django would refuse every query beside it.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

PASSWORD = "a-long-password-1"
WAIT_MS = 10_000
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium")

expect.set_options(timeout=WAIT_MS)


@pytest.fixture(scope="session", autouse=True)
def static_root(tmp_path_factory):
    """The live server starts once, before any fixture of one test: whitenoise wants the folder."""
    with override_settings(STATIC_ROOT=tmp_path_factory.mktemp("static")):
        yield


@pytest.fixture(scope="session")
def browser():
    if CHROMIUM is None:
        pytest.fail("The browser tests need a Chromium: `make test` finds one or says how.")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture
def page(browser, live_server):
    """A page on the live server; an error in its scripts fails the test."""
    context = browser.new_context(base_url=live_server.url, reduced_motion="reduce")
    context.set_default_timeout(WAIT_MS)
    opened = context.new_page()
    faults: list[str] = []
    opened.on("pageerror", lambda error: faults.append(str(error)))
    yield opened
    context.close()
    assert not faults


@pytest.fixture(autouse=True)
def quiet_house(transactional_db, settings, monkeypatch):
    """Classes are loaded, and nothing is sent to the broker."""
    load_gravity_spy()
    monkeypatch.setattr("labeling.jobs.send_now", lambda name, **ids: None)
    yield
    _wait_for_the_server()


def _wait_for_the_server() -> None:
    """A request that is still under way would meet the emptying of the tables in a deadlock.

    The live server has a thread for each connection, and the browser's are closed by now.
    """
    end = time.monotonic() + 60
    while any("process_request_thread" in thread.name for thread in threading.enumerate()):
        assert time.monotonic() < end, "a request to the live server came to no end"
        time.sleep(0.01)


def log_in(page, name: str, **fields) -> None:
    make_volunteer(name, **fields)
    page.goto("/log-in/")
    page.fill("[name=username]", name)
    page.fill("[name=password]", PASSWORD)
    page.click("main button")
    page.wait_for_url("**/label/")


def wait_for_glitch(page) -> str:
    """The name of the glitch in front, once its pictures are there."""
    page.wait_for_selector("#pictures:not(.waiting) figure:not(.missing) img[src]")
    return page.inner_text("#glitch-name")


def make_glitches(numbers, **fields) -> None:
    for number in numbers:
        make_glitch(number, **fields)


def eventually(page, holds) -> None:
    """Wait until a fact about the database holds: the page's requests may still be under way."""
    for _ in range(100):
        if holds():
            return
        page.wait_for_timeout(100)
    raise AssertionError("it never came to hold")


def expect_nothing_waits(page) -> None:
    """Every vote was acknowledged; not by wait_for_function, which the page's policy forbids."""
    key = f"nota.votes.{User.objects.get(username='ada').pk}"
    for _ in range(50):
        if page.evaluate(f"localStorage.getItem('{key}')") == "[]":
            return
        page.wait_for_timeout(100)
    raise AssertionError("a vote still waits in the browser")
