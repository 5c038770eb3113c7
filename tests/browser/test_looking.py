"""Ways to look: one duration large and remembered, zoom, shape words, the star, practice."""

import pytest
from playwright.sync_api import expect

from labeling.models import Collection, Glitch, User, Vote
from labeling.services.collections import set_favourite
from labeling.services.imports import NewGlitch, import_glitch
from tests.browser.conftest import eventually, log_in, make_glitches, wait_for_glitch
from tests.conftest import make_picture

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def four_durations():
    """Two glitches with all four pictures."""
    for number in (1, 2):
        pictures = {d: make_picture(10 * number + i) for i, d in enumerate((0.5, 1.0, 2.0, 4.0))}
        import_glitch(NewGlitch(f"{number:010d}", "H1", pictures), by=None)


def shown(page) -> list[str]:
    figures = page.locator("#pictures figure:visible")
    return [one.get_attribute("data-duration") for one in figures.all()]


def test_the_large_duration_is_chosen_by_key_and_remembered(page, four_durations):
    log_in(page, "ada", level=6)
    wait_for_glitch(page)
    assert shown(page) == ["0.5", "1.0", "2.0", "4.0"]
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert shown(page) == ["2.0"]
    page.reload()
    page.wait_for_selector("#pictures:not(.waiting) .large img[src]")
    assert shown(page) == ["2.0"]
    page.keyboard.press("Space")
    assert len(shown(page)) == 4


def test_all_pictures_zoom_together_and_move_by_key(page, four_durations):
    log_in(page, "ada", level=6)
    wait_for_glitch(page)
    expect(page.locator("#zoom-out")).to_be_disabled()
    page.keyboard.press("+")
    page.keyboard.press("Shift+ArrowLeft")
    style = "getComputedStyle(document.querySelector('#pictures img')).transform"
    assert page.evaluate(style) == "matrix(2, 0, 0, 2, 0, 0)"
    at = "document.querySelector('#pictures').style.getPropertyValue('--at')"
    assert page.evaluate(at) == "30% 50%"
    page.keyboard.press("-")
    assert page.evaluate(at) == "50% 50%"


def test_shape_words_dim_what_does_not_fit_and_move_nothing(page):
    make_glitches(range(1))
    log_in(page, "ada", level=6)
    wait_for_glitch(page)
    place = page.locator("[data-label=Whistle]").bounding_box()
    page.click("[data-trait=high]")
    page.click("[data-trait=changes]")
    fitting = page.locator("#classes .match")
    labels = {button.get_attribute("data-label") for button in fitting.all()}
    pitch_changes = {"Extremely_Loud", "Wandering_Line", "Whistle"}
    assert labels == pitch_changes | {"Scratchy", "None_of_the_Above"}  # which may or may not
    assert page.locator("[data-label=Whistle]").bounding_box() == place
    page.keyboard.press("/")
    page.keyboard.press("Escape")
    expect(page.locator("#classes .dimmed")).to_have_count(0)


def test_the_star_by_key(page):
    make_glitches(range(1))
    log_in(page, "ada", level=6)
    wait_for_glitch(page)
    star = page.locator("#favourite")
    page.keyboard.press("*")
    expect(star).to_have_attribute("aria-pressed", "true")
    eventually(page, lambda: Glitch.objects.filter(collection__is_favourites=True).count() == 1)
    page.click("#favourite")
    expect(star).to_have_attribute("aria-pressed", "false")


def test_the_star_knows_the_favourites_of_before(page):
    make_glitches(range(1, 4))
    log_in(page, "ada", level=6)
    named = wait_for_glitch(page)
    star = page.locator("#favourite")
    expect(star).to_have_attribute("aria-pressed", "false")
    glitch = Glitch.objects.get(gravityspy_id=named.split()[1])
    set_favourite(User.objects.get(), glitch, on=True)
    page.reload()
    assert wait_for_glitch(page) == named
    expect(star).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("*")
    expect(star).to_have_attribute("aria-pressed", "false")
    eventually(page, lambda: Collection.objects.get().glitches.count() == 0)


def test_a_double_click_on_vote_votes_once(page):
    make_glitches(range(4))
    log_in(page, "ada", level=6)
    wait_for_glitch(page)
    page.click("[data-label=Blip]")
    page.dblclick("#confirm")
    expect(page.locator("#votes")).to_have_text("1")
    page.wait_for_load_state("networkidle")
    assert Vote.objects.count() == 1


def test_practice_by_keyboard(page):
    make_glitches(range(10, 12), gold_label="Blip")
    log_in(page, "ada", level=1)
    page.goto("/practice/")
    page.keyboard.press("2")
    expect(page.locator("h1")).to_have_text("The experts call it Blip")
    page.keyboard.press("Enter")
    page.wait_for_url("**/practice/?besides=*")
    page.keyboard.press("1")
    expect(page.locator("h1")).to_contain_text("Yes, a Blip")
    assert Vote.objects.count() == 0
