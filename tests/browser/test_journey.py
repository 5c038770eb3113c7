"""A new volunteer's way: sign up, learn, be told, rise, and meet a class born meanwhile."""

import pytest
from playwright.sync_api import expect

from labeling.models import Glitch, GoldLabel, User, Workflow
from labeling.services.classes import add_class
from labeling.web.learn import STEPS
from tests.browser.conftest import make_glitches, wait_for_glitch

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

VOTES_MOST = 40


@pytest.fixture
def two_levels():
    """Level 1 with gold of its two classes, and level 6 with glitches that wait for votes."""
    Workflow.objects.filter(level__in=(2, 3, 4, 5)).update(is_open=False)
    make_glitches(range(20), gold_label="Blip")
    make_glitches(range(20, 40), gold_label="Whistle")
    make_glitches(range(50, 60))
    Glitch.objects.filter(gold_labels=None).update(workflow=Workflow.objects.get(level=6))


def sign_up(page) -> None:
    page.goto("/")
    page.click("text=Sign up and begin")
    page.fill("[name=username]", "ada")
    page.fill("[name=password1]", "seven-quiet-herons")
    page.fill("[name=password2]", "seven-quiet-herons")
    page.click("main button")


def walk_through_the_tutorial(page) -> None:
    """Every step of it: what a glitch is, durations, classes, gold, keys; then the label page."""
    expect(page.locator("h1")).to_have_text("A glitch is a burst of noise")
    titles = [page.inner_text("h1")]
    for step in range(2, len(STEPS) + 1):
        page.click(".turn >> text=Next")
        page.wait_for_url(f"**/tutorial/{step}/")
        titles.append(page.inner_text("h1"))
    assert len(set(titles)) == len(STEPS)
    page.click("main >> text=Label glitches")
    page.wait_for_url("**/label/")


def vote_for(page, label: str) -> None:
    before = int(page.inner_text("#votes"))
    key = page.get_attribute(f"[data-label={label}]", "data-key")
    page.keyboard.press(key)
    page.keyboard.press(key)
    expect(page.locator("#votes")).to_have_text(str(before + 1))
    wait_for_glitch(page)


def truth_of(page) -> str:
    """The experts' answer on the glitch in front: what a volunteer with a good eye would say."""
    shown = page.inner_text("#glitch-name").split()[1]
    gold = GoldLabel.objects.filter(glitch__gravityspy_id=shown).first()
    return gold.glitch_class.label if gold else "None_of_the_Above"


def test_from_sign_up_to_a_class_that_was_not_there_at_sign_up(page, two_levels):
    sign_up(page)
    walk_through_the_tutorial(page)
    wait_for_glitch(page)
    feedback = page.locator("#feedback")
    wrong = "Whistle" if truth_of(page) == "Blip" else "Blip"
    vote_for(page, wrong)
    expect(feedback).to_contain_text("The experts call it")
    for _ in range(VOTES_MOST):
        vote_for(page, truth_of(page))
        if page.inner_text("#level") == "6":
            break
    expect(feedback).to_contain_text("You have reached level 6")
    expect(feedback).to_contain_text("A level reached is yours for good")
    expect(page.locator("#level")).to_have_text("6")
    assert User.objects.get(username="ada").level == 6
    expect(page.locator("[data-label=Tomte]")).to_be_visible()
    add_class("Crown", "Crown", "Short arches in a row.")
    for _ in range(VOTES_MOST):
        if page.locator("[data-label=Crown]:enabled").count():
            break
        vote_for(page, truth_of(page))
    vote_for(page, "Crown")
    page.goto("/progress/")
    expect(page.locator("main")).to_contain_text("You have reached the highest level")
    expect(page.locator(".recent")).to_contain_text("Crown")
