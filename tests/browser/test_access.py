"""Pages for everybody: axe-core finds nothing, nothing jumps, and they are light."""

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from labeling.models import AuditedGlitch, Glitch, GlitchClass, Look, User
from labeling.services.collections import create_collection, put_in_collection
from labeling.services.comments import add_comment
from labeling.services.label_issues import decide_issue
from labeling.services.looks import request_look_at
from tests.browser.axe import DESK, OVERFLOW, PHONE, faults, show
from tests.browser.conftest import log_in, make_glitches, wait_for_glitch
from tests.labeling.services.test_label_issues import doubt, queue
from tests.labeling.web.worlds import make_proposal, make_undecided, make_version

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PAGES = [
    "/",
    "/log-in/",
    "/sign-up/",
    "/classes/",
    *(f"/tutorial/{step}/" for step in range(1, 6)),
    "/progress/",
    "/practice/",
    "/collections/",
    "/collections/1/",
    "/me/",
    "/glitches/0000000001/",
    "/nowhere/",
]
SHIFTS = """() => new Promise((resolve) => {
  const shifts = [];
  const name = (node) => (node ? node.id || node.className || node.nodeName : "gone");
  new PerformanceObserver((list) => {
    for (const shift of list.getEntries()) {
      if (shift.hadRecentInput) continue;
      shifts.push([shift.value, shift.sources.map((source) => name(source.node)).join()]);
    }
  }).observe({ type: "layout-shift", buffered: true });
  setTimeout(() => resolve(shifts), 300);
})"""


@pytest.fixture
def world(page):
    """Ada, who has voted, commented and collected; gold to practise on; a collection."""
    make_glitches(range(1, 5))
    make_glitches(range(10, 14), gold_label="Blip")
    log_in(page, "ada", level=6)
    wait_for_glitch(page)
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    expect(page.locator("#votes")).to_have_text("1")
    glitch = Glitch.objects.get(gravityspy_id="0000000001")
    ada = User.objects.get()
    add_comment(ada, glitch, "How odd.")
    collection = create_collection(ada, "Odd", is_public=True)
    put_in_collection(ada, collection.pk, glitch)
    return collection


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_no_page_breaks_a_rule_of_wcag(page, world, scheme):
    found = {}
    for size in (DESK, PHONE):
        show(page, scheme, size)
        for address in PAGES:
            page.goto(address.replace("collections/1/", f"collections/{world.pk}/"))
            broken = faults(page)
            if broken:
                found[address, size["width"]] = broken
    assert found == {}


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_no_page_breaks_one_for_those_without_an_account(page, scheme, settings):
    settings.ANONYMOUS_VOTING = True
    make_glitches(range(1, 3))
    found = {}
    for size in (DESK, PHONE):
        show(page, scheme, size)
        for address in ("/", "/log-in/", "/sign-up/"):
            page.goto(address)
            found[address, size["width"]] = faults(page)
    page.goto("/")
    page.click("text=Begin without an account")
    User.objects.update(level=6)
    page.goto("/label/")
    wait_for_glitch(page)
    page.keyboard.press("1")
    page.keyboard.press("1")
    expect(page.locator("#votes")).to_have_text("1")
    for size in (DESK, PHONE):
        show(page, scheme, size)
        for address in ("/label/", "/progress/", "/sign-up/", "/glitches/0000000001/"):
            page.goto(address)
            found[f"visitor {address}", size["width"]] = faults(page)
    assert {place: broken for place, broken in found.items() if broken} == {}


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_no_reviewers_page_breaks_a_rule_either(page, scheme):
    make_glitches(range(3), gold_label="Blip")
    proposal = make_proposal()
    make_undecided(50)
    make_version(1, "active")
    show(page, scheme, DESK)
    log_in(page, "rosa", role="reviewer", level=6)
    pages = ["proposals", f"proposals/{proposal.pk}", "experts", "models", "models/classifier/1"]
    found = {}
    for name in (*pages, "training", "system"):
        page.goto(f"/review/{name}/")
        broken = faults(page)
        if broken:
            found[name] = broken
    assert found == {}


@pytest.fixture
def in_doubt(page):
    """Rosa reviews: an audit's verdict, labels in doubt and one decided, a look."""
    make_version(1, "active")
    classes = {c.label: c for c in GlitchClass.objects.all()}
    make_glitches(range(10, 13), gold_label="Blip")
    glitch = make_undecided(50)
    AuditedGlitch.objects.create(
        glitch=glitch,
        probability=0.5,
        asked_at=timezone.now(),
        agreed_class=classes["Blip"],
        predicted_class=classes["Blip"],
        found_class=classes["Whistle"],
        found_agreement=0.97,
    )
    log_in(page, "rosa", role="reviewer", level=6)
    rosa = User.objects.get(username="rosa")
    gold = Glitch.objects.filter(gold_labels__isnull=False).order_by("pk")
    decided, *_ = queue(*(doubt(one) for one in gold))
    decide_issue(decided.pk, by=rosa, answer=None)
    look = request_look_at(glitch, by=rosa)
    Look.objects.filter(pk=look.pk).update(
        state="succeeded", probabilities=[["Blip", 0.9], ["Whistle", 0.1]], novelty=1.5
    )


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_nor_does_what_reviewers_see_of_doubts(page, in_doubt, scheme):
    """Nor is any of it wider than the screen."""
    found, wide = {}, {}
    for size in (DESK, PHONE):
        show(page, scheme, size)
        for name in ("audit", "labels", "drift", "glitches/0000000050", "glitches/0000000010"):
            page.goto(f"/review/{name}/")
            expect(page.locator("h1")).to_be_visible()
            found[name, size["width"]] = faults(page)
            wide[name, size["width"]] = page.evaluate(OVERFLOW)
    assert {place: broken for place, broken in found.items() if broken} == {}
    assert {place: by for place, by in wide.items() if by} == {}


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_the_answers_of_the_practice_break_none(page, scheme):
    make_glitches(range(10, 12), gold_label="Blip")
    log_in(page, "ada", level=1)
    for size in (DESK, PHONE):
        show(page, scheme, size)
        for key, told in (("2", "The experts call it Blip"), ("1", "Yes, a Blip")):
            page.goto("/practice/")
            page.keyboard.press(key)
            expect(page.locator("h1")).to_contain_text(told)
            assert faults(page) == []


@pytest.mark.parametrize("scheme", ["dark", "light"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_the_label_page_breaks_none_in_any_of_its_states(page, scheme, size, monkeypatch):
    monkeypatch.setattr("labeling.services.assignments.gold_share", lambda seen: 1.0)
    make_glitches(range(3), gold_label="Blip")
    show(page, scheme, size)
    log_in(page, "ada", level=1)
    wait_for_glitch(page)
    assert faults(page) == []
    page.keyboard.press("2")
    assert faults(page) == []  # a choice, and its panel
    page.keyboard.press("2")
    expect(page.locator("#feedback")).to_contain_text("The experts call it Blip")
    assert faults(page) == []
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_visible()
    assert faults(page) == []
    page.keyboard.press("Escape")
    page.click("summary")
    assert faults(page, ".menu") == []


def test_keys_can_be_switched_off(page):
    """WCAG 2.1.4: a shortcut of one character must not be in anybody's way."""
    make_glitches(range(2))
    log_in(page, "ada", level=6)
    wait_for_glitch(page)
    page.keyboard.press("?")
    page.uncheck("#single-keys")
    page.keyboard.press("Escape")
    page.keyboard.press("1")
    expect(page.locator("#confirm")).to_be_disabled()
    page.reload()
    wait_for_glitch(page)
    page.keyboard.press("1")
    expect(page.locator("#confirm")).to_be_disabled()
    page.focus("[data-label=Blip]")
    page.keyboard.press("Enter")
    expect(page.locator("#confirm")).to_be_enabled()


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_nothing_jumps(page, size, record_property):
    """Layout shift without a person's doing, over loading and three votes."""
    make_glitches(range(6))
    show(page, "dark", size)
    log_in(page, "ada", level=6)
    wait_for_glitch(page)
    page.wait_for_load_state("networkidle")
    for number in range(3):
        page.keyboard.press("1")
        page.keyboard.press("1")
        expect(page.locator("#votes")).to_have_text(str(number + 1))
    shifts = page.evaluate(SHIFTS)
    total = sum(value for value, _ in shifts)
    record_property("cumulative_layout_shift", total)
    assert total < 0.02, shifts


def test_the_label_page_is_light_but_for_its_pictures(browser, live_server, record_property):
    """Everything that a first visit transfers, headers too, without the spectrograms."""
    for number, label in enumerate(("Blip", "Whistle", "Tomte", "Koi_Fish"), start=20):
        make_glitches([number], gold_label=label)
    make_glitches(range(3))
    context = browser.new_context(base_url=live_server.url)
    page = context.new_page()
    log_in(page, "ada", level=6)
    state = context.storage_state()
    context.close()
    fresh = browser.new_context(base_url=live_server.url, storage_state=state)
    page = fresh.new_page()
    sizes: dict[str, int] = {}

    def count(request) -> None:
        if "/pictures/" not in request.url and "/thumbnails/" not in request.url:
            told = request.sizes()
            sizes[request.url] = told["responseHeadersSize"] + told["responseBodySize"]

    page.on("requestfinished", count)
    page.goto("/label/")
    wait_for_glitch(page)
    page.wait_for_load_state("networkidle")
    fresh.close()
    record_property("bytes", sum(sizes.values()))
    assert sum(sizes.values()) < 100_000, sizes


def test_pictures_in_other_colours(page):
    """Cividis recolours what was made in viridis; the choice holds on the next page."""
    make_glitches(range(2))
    log_in(page, "ada", level=6)
    wait_for_glitch(page)
    page.click("summary")
    page.click("button[value=cividis]")
    wait_for_glitch(page)
    shown = "getComputedStyle(document.querySelector('#pictures img')).filter"
    assert page.evaluate(shown) == 'url("#cividis")'
    page.goto("/")
    assert page.get_attribute("html", "data-palette") == "cividis"
