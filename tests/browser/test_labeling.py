"""A volunteer at work: by keyboard, with gold feedback, through a lost network."""

import json
import re

import pytest
from playwright.sync_api import expect

from labeling.models import Assignment, Glitch, User, Vote, Workflow
from labeling.services.proposals import accept_for_vote
from tests.browser.axe import PHONE
from tests.browser.conftest import expect_nothing_waits, log_in, make_glitches, wait_for_glitch
from tests.conftest import only_stream
from tests.labeling.web.worlds import make_proposal

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def vote(page, key: str) -> None:
    """Choose by key and confirm by the same key; wait until the vote is acknowledged."""
    before = int(page.inner_text("#votes"))
    page.keyboard.press(key)
    page.keyboard.press(key)
    expect(page.locator("#votes")).to_have_text(str(before + 1))


def test_a_newcomer_signs_up_and_votes_on_three_glitches_by_keyboard(page):
    make_glitches(range(5))
    Workflow.objects.exclude(level=1).update(is_open=False)
    Glitch.objects.update(workflow=Workflow.objects.get(level=1))
    page.goto("/")
    page.click("text=Sign up and begin")
    page.fill("[name=username]", "ada")
    page.fill("[name=password1]", "seven-quiet-herons")
    page.fill("[name=password2]", "seven-quiet-herons")
    page.keyboard.press("Enter")
    page.wait_for_url("**/tutorial/1/")
    for step in range(2, 6):
        page.click(".turn >> text=Next")
        page.wait_for_url(f"**/tutorial/{step}/")
    page.click("main >> text=Label glitches")
    page.wait_for_url("**/label/")
    seen = []
    for key in ("1", "2", "0"):  # Blip, Whistle, None of the Above
        seen.append(wait_for_glitch(page))
        vote(page, key)
    assert len(set(seen)) == 3
    votes = Vote.objects.order_by("pk").values_list("voted__label", flat=True)
    assert list(votes) == ["Blip", "Whistle", "None_of_the_Above"]
    expect(page.locator("#line")).to_contain_text("3 votes · level 1")


def test_choose_look_and_confirm(page):
    """Enter confirms, Escape takes back, the panel tells of the class, `?` shows the keys."""
    make_glitches(range(2))
    log_in(page, "ada", level=6)
    wait_for_glitch(page)
    expect(page.locator("#confirm")).to_be_disabled()
    page.keyboard.press("Enter")  # nothing is chosen, so nothing happens
    page.keyboard.press("1")
    expect(page.locator("#chosen-text")).to_contain_text("One narrow tear drop")
    expect(page.locator("[data-label=Blip]")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Escape")
    expect(page.locator("#confirm")).to_be_disabled()
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_visible()
    page.keyboard.press("1")  # keys do not reach the page behind the dialog
    page.keyboard.press("Escape")
    expect(page.locator("#help")).to_be_hidden()
    expect(page.locator("#confirm")).to_be_disabled()
    page.keyboard.press("2")
    expect(page.locator("[data-label=Whistle]")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Enter")
    expect(page.locator("#votes")).to_have_text("1")
    assert Vote.objects.get().voted.label == "Whistle"


def test_a_key_held_down_votes_once_at_most(page):
    make_glitches(range(3))
    log_in(page, "ada", level=6)
    wait_for_glitch(page)
    page.keyboard.down("1")
    for _ in range(5):
        page.keyboard.down("1")  # repeats
    page.keyboard.up("1")
    expect(page.locator("#confirm")).to_be_enabled()
    assert Vote.objects.count() == 0


def test_the_filter_finds_a_class_by_its_words(page):
    make_glitches(range(1))
    log_in(page, "ada", level=6)
    wait_for_glitch(page)
    page.keyboard.press("/")
    page.keyboard.type("tear drop")
    expect(page.locator("#classes .match")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator("#confirm")).to_contain_text("Vote Blip")
    page.keyboard.press("Enter")
    expect(page.locator("#votes")).to_have_text("1")
    expect(page.locator("#filter")).to_have_value("")


def test_gold_answers_are_told_kindly_and_only_after_the_vote(page, monkeypatch):
    monkeypatch.setattr("labeling.services.assignments.gold_share", lambda seen: 1.0)
    make_glitches(range(4), gold_label="Blip", is_simulated=True)
    sent = []
    page.on("response", lambda r: sent.append(r) if "/next" in r.url else None)
    log_in(page, "ada", level=1)
    wait_for_glitch(page)
    expect(page.locator("#glitch-name")).to_contain_text("simulated")
    assert not re.search("gold|stream|consensus|prediction", sent[-1].text())
    vote(page, "2")
    feedback = page.locator("#feedback")
    expect(feedback).to_contain_text("The experts call it Blip")
    expect(feedback).to_contain_text("You said Whistle")
    expect(feedback).to_contain_text("Where to look: One narrow tear drop")
    expect(feedback.locator("img")).to_have_count(2)
    expect(page.locator("#gold-seen")).to_have_text("1")
    expect(page.locator("#gold-correct")).to_have_text("0")


def test_votes_outlive_a_lost_network(page):
    make_glitches(range(6))
    log_in(page, "ada", level=6)
    wait_for_glitch(page)
    page.wait_for_load_state("networkidle")
    page.context.set_offline(True)
    for key in ("1", "2"):
        page.keyboard.press(key)
        page.keyboard.press("Enter")
    expect(page.locator("#trouble")).to_contain_text("2 votes wait in this browser")
    wait_for_glitch(page)  # the third was loaded ahead
    assert Vote.objects.count() == 0
    page.context.set_offline(False)
    expect(page.locator("#votes")).to_have_text("2")
    expect(page.locator("#trouble")).to_be_hidden()
    assert Vote.objects.count() == 2


def test_votes_outlive_a_reload_and_a_lost_answer(page):
    """The server stores the vote, its answer is lost, the page is reloaded: one vote, once."""
    make_glitches(range(4))
    log_in(page, "ada", level=6)
    wait_for_glitch(page)

    def lose_the_answer(route):
        route.fetch()
        route.abort()

    page.route("**/api/v1/votes", lose_the_answer)
    page.keyboard.press("1")
    page.keyboard.press("1")
    expect(page.locator("#trouble")).to_contain_text("1 vote waits in this browser")
    page.unroute("**/api/v1/votes")
    first = Assignment.objects.get(state="voted").glitch.gravityspy_id
    page.reload()
    expect(page.locator("#trouble")).to_be_hidden()
    assert first not in wait_for_glitch(page)
    expect_nothing_waits(page)
    assert Vote.objects.count() == 1


@pytest.mark.parametrize("status", [503, 403])  # by something before the site: no word of its own
def test_a_server_in_trouble_is_asked_again_and_a_log_out_loses_nothing(page, status):
    make_glitches(range(4))
    log_in(page, "ada", level=6)
    wait_for_glitch(page)
    later = {"Retry-After": "600"}  # only the button asks again
    page.route(
        "**/api/v1/votes", lambda route: route.fulfill(status=status, headers=later, body="{}")
    )
    page.keyboard.press("1")
    page.keyboard.press("1")
    expect(page.locator("#trouble")).to_contain_text("Go on if you like: 1 vote waits")
    page.unroute("**/api/v1/votes")
    page.context.clear_cookies()
    page.click("#trouble-button")
    expect(page.locator("#trouble")).to_contain_text("You were logged out. Nothing is lost")
    page.click("#trouble-button")
    page.fill("[name=username]", "ada")
    page.fill("[name=password]", "a-long-password-1")
    page.click("main button")
    page.wait_for_url("**/label/")
    expect_nothing_waits(page)
    assert Vote.objects.count() == 1


def test_a_refused_vote_says_why_and_the_page_goes_on(page):
    make_glitches(range(4))
    log_in(page, "ada", level=6)
    wait_for_glitch(page)
    refusal = {"error": {"code": "already_voted", "message": "The first vote stands.", "data": {}}}
    page.route(
        "**/api/v1/votes",
        lambda route: route.fulfill(
            status=409, content_type="application/json", body=json.dumps(refusal)
        ),
    )
    before = page.inner_text("#glitch-name")
    page.keyboard.press("1")
    page.keyboard.press("1")
    expect(page.locator("#trouble")).to_contain_text("was not taken: The first vote stands.")
    assert wait_for_glitch(page) != before


def test_a_level_out_of_reach_is_no_log_out(page):
    log_in(page, "ada", level=6)
    expect(page.get_by_text("Nothing left at your level")).to_be_visible()
    User.objects.update(level=1)  # set back under /admin/
    page.select_option("#levels", "6")
    expect(page.locator("#trouble")).to_contain_text("Level 6 opens when you have mastered level 1")
    make_glitches(range(3))
    Glitch.objects.update(workflow=Workflow.objects.get(level=1))
    page.select_option("#levels", "")
    wait_for_glitch(page)
    expect(page.locator("#trouble")).to_be_hidden()


def test_the_level_chosen_is_asked_at_once(page):
    make_glitches(range(8))
    low, high = (Workflow.objects.get(level=level) for level in (1, 6))
    for number, glitch in enumerate(Glitch.objects.order_by("pk")):
        glitch.workflow = low if number < 4 else high
        glitch.save()
    only_stream("pool")
    log_in(page, "ada", level=6)
    at = dict(Glitch.objects.values_list("gravityspy_id", "workflow__level"))
    assert at[wait_for_glitch(page).split()[-1]] == 6
    before = page.inner_text("#glitch-name")
    page.select_option("#levels", "1")
    expect(page.locator("#glitch-name")).not_to_have_text(before)
    assert at[page.inner_text("#glitch-name").split()[-1]] == 1
    held = Assignment.objects.filter(state="open").values_list("workflow__level", flat=True)
    assert list(held) == [1, 1, 1]
    assert sum(Glitch.objects.filter(workflow=high).values_list("leases_open", flat=True)) == 0
    vote(page, "1")
    assert Vote.objects.get().workflow == low


def test_when_nothing_is_left_the_page_says_so(page):
    log_in(page, "ada", level=6)
    expect(page.get_by_text("Nothing left at your level")).to_be_visible()
    make_glitches(range(1))
    page.click("#look-again")
    wait_for_glitch(page)
    expect(page.locator("#nothing")).to_be_hidden()


def test_the_next_glitch_is_there_before_the_vote_is_acknowledged(page):
    """With the network gone, the next picture can only have been loaded ahead."""
    make_glitches(range(4))
    loaded = []
    page.on("requestfinished", lambda r: loaded.append(r.url) if "/pictures/" in r.url else None)
    log_in(page, "ada", level=6)
    before = wait_for_glitch(page)
    while len(set(loaded)) < 3:
        page.wait_for_timeout(50)
    page.context.set_offline(True)
    page.keyboard.press("1")
    page.keyboard.press("1")
    assert page.inner_text("#glitch-name") != before
    shown = "document.querySelector('#pictures figure:not(.missing) img')"
    assert page.evaluate(f"{shown}.decode().then(() => {shown}.naturalWidth)") == 64


def test_a_batch_question_is_answered_by_yes_and_no(page):
    only_stream("batch")
    proposal = make_proposal(range(100, 105))
    accept_for_vote(proposal.pk, name="Reverse Chirp", by=None)
    log_in(page, "ada", level=1)
    wait_for_glitch(page)
    expect(page.locator("#ask-alike")).to_be_visible()
    expect(page.locator("#ask-class")).to_be_hidden()
    expect(page.locator("#references img")).to_have_count(2)
    page.keyboard.press("1")  # no key of this question
    expect(page.locator("#confirm")).to_be_disabled()
    vote(page, "y")
    wait_for_glitch(page)
    page.click("[data-alike=false]")
    page.click("#confirm")
    expect(page.locator("#votes")).to_have_text("2")
    assert list(Vote.objects.order_by("pk").values_list("alike", flat=True)) == [True, False]


def test_a_phone_shows_one_duration_and_votes_by_touch(browser, live_server):
    make_glitches(range(2))
    context = browser.new_context(base_url=live_server.url, viewport=PHONE, has_touch=True)
    page = context.new_page()
    log_in(page, "ada", level=6)
    wait_for_glitch(page)
    assert page.locator("#pictures figure:visible").count() == 1
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.tap("[data-label=Whistle]")
    page.tap("#confirm")
    expect(page.locator("#votes")).to_have_text("1")
    context.close()


ABOVE_THE_CARD = """() => {
  scrollTo(0, document.body.scrollHeight);
  const last = [...document.querySelectorAll("#classes button.class")].pop();
  const card = document.querySelector("#feedback .card");
  return last.getBoundingClientRect().bottom <= card.getBoundingClientRect().top;
}"""


def test_on_a_phone_what_experts_say_never_hides_the_classes(browser, live_server, monkeypatch):
    """The page can be scrolled until every button stands above what is said."""
    monkeypatch.setattr("labeling.services.assignments.gold_share", lambda seen: 1.0)
    make_glitches(range(3), gold_label="Blip")
    context = browser.new_context(base_url=live_server.url, viewport=PHONE, has_touch=True)
    page = context.new_page()
    log_in(page, "ada", level=1)
    wait_for_glitch(page)
    page.tap("[data-label=Whistle]")
    page.tap("#confirm")
    expect(page.locator("#feedback .differs")).to_be_visible()
    page.wait_for_function(ABOVE_THE_CARD)
    context.close()
