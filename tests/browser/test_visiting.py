"""To label without an account, in a real browser; the account's page; the API's documentation."""

import pytest
from playwright.sync_api import expect

from labeling.models import Glitch, User, Vote, Workflow
from tests.browser.conftest import log_in, make_glitches, wait_for_glitch

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def open_house(settings, monkeypatch):
    """Glitches for newcomers, and a gold one first."""
    settings.ANONYMOUS_VOTING = True
    monkeypatch.setattr(
        "labeling.services.assignments.gold_share", lambda votes: 1.0 if votes == 0 else 0.0
    )
    make_glitches(range(10, 14), gold_label="Blip")
    make_glitches(range(6))
    Glitch.objects.filter(gold_labels=None).update(workflow=Workflow.objects.get(level=1))


def test_from_the_front_page_to_votes_to_an_account(page, open_house):
    page.goto("/")
    page.click("text=Begin without an account")
    page.wait_for_url("**/label/")
    wait_for_glitch(page)
    expect(page.locator("#favourite")).to_be_hidden()
    page.keyboard.press("*")  # no star, so nothing is asked of the server
    for number, key in enumerate(("1", "2"), start=1):
        page.keyboard.press(key)
        page.keyboard.press(key)
        expect(page.locator("#votes")).to_have_text(str(number))
        if number == 1:
            expect(page.locator("#feedback")).to_contain_text("the experts also say Blip")
        wait_for_glitch(page)
    shown = wait_for_glitch(page)
    page.context.set_offline(True)
    page.keyboard.press("1")
    page.keyboard.press("1")
    expect(page.locator("#trouble")).to_contain_text("1 vote waits in this browser")
    page.context.set_offline(False)
    expect(page.locator("#votes")).to_have_text("3")
    page.reload()
    page.click("text=Sign up and keep your votes")
    expect(page.locator(".note")).to_contain_text("3 votes that you have cast here come along")
    page.fill("[name=username]", "ada")
    page.fill("[name=password1]", "seven-quiet-herons")
    page.fill("[name=password2]", "seven-quiet-herons")
    page.click("main button")
    page.wait_for_url("**/label/")
    assert wait_for_glitch(page) != shown
    expect(page.locator("#votes")).to_have_text("3")
    expect(page.locator("#favourite")).to_be_visible()
    ada = User.objects.get()
    assert (ada.username, ada.role, ada.votes_cast) == ("ada", "volunteer", 3)
    assert Vote.objects.filter(volunteer=ada).count() == 3


def test_a_vote_that_waits_is_sent_after_signing_up(page, open_house):
    """The browser keeps votes by the person's number, which stays when the name comes."""
    page.goto("/")
    page.click("text=Begin without an account")
    page.wait_for_url("**/label/")
    wait_for_glitch(page)
    page.route("**/api/v1/votes", lambda route: route.abort())
    page.keyboard.press("1")
    page.keyboard.press("1")
    expect(page.locator("#trouble")).to_contain_text("1 vote waits in this browser")
    page.goto("/sign-up/")
    page.fill("[name=username]", "ada")
    page.fill("[name=password1]", "seven-quiet-herons")
    page.fill("[name=password2]", "seven-quiet-herons")
    page.unroute("**/api/v1/votes")
    page.click("main button")
    page.wait_for_url("**/tutorial/1/")
    page.goto("/label/")
    expect(page.locator("#votes")).to_have_text("1")
    assert Vote.objects.get().volunteer.username == "ada"


def test_the_account_is_closed_by_its_owner(page):
    log_in(page, "ada", level=6)
    page.click(".who .name a")
    page.wait_for_url("**/me/")
    page.fill("[name=close-password]", "wrong")
    page.click("text=Close my account for good")
    expect(page.locator("[role=alert]")).to_contain_text("not the password of your account")
    page.fill("[name=close-password]", "a-long-password-1")
    page.click("text=Close my account for good")
    expect(page.locator(".messages")).to_contain_text("Your account is closed")
    expect(page.locator(".who")).to_contain_text("Log in")
    assert User.objects.get().closed_at is not None


def test_the_documentation_of_the_api_works_under_its_policy(page):
    complaints: list[str] = []
    page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
    answer = page.goto("/api/v1/docs/")
    assert "script-src 'self';" in answer.headers["content-security-policy"]
    expect(page.locator("#swagger-ui")).to_contain_text("/api/v1/votes/undo")
    page.wait_for_load_state("networkidle")
    assert complaints == []
