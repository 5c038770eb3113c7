""" "What is this glitch?" in a browser: ask, wait, read the answer, switch the heat off."""

import numpy as np
import pytest
from django.core.cache import cache
from django.utils import timezone
from playwright.sync_api import expect

from labeling.models import Glitch, Look
from labeling.models.runs import Run
from labeling.services.looks import look_folder
from ml.heat import render_heat
from tests.browser.axe import DESK, PHONE, faults, show
from tests.browser.conftest import log_in
from tests.conftest import make_glitch, make_picture
from tests.labeling.judging_world import say
from tests.labeling.web.worlds import make_version

pytestmark = pytest.mark.browser


@pytest.fixture(autouse=True)
def nobody_has_asked_yet():
    """Who asks too often from one address is refused, and all tests ask from one."""
    cache.clear()


def answer(look: Look) -> None:
    """What a worker would store."""
    heat = render_heat(np.ones((4, 4), np.float32), (64, 48), (0, 0, 64, 48))
    look_folder(look.key).mkdir(parents=True, exist_ok=True)
    (look_folder(look.key) / "heat_4.0.png").write_bytes(heat)
    Look.objects.filter(pk=look.pk).update(
        state=Run.State.SUCCEEDED,
        probabilities=[["Blip", 0.9], ["Whistle", 0.1]],
        novelty=0.5,
        explained="Blip",
        heat=[{"duration": 4.0, "name": "heat_4.0.png", "width": 64, "height": 48}],
    )


def test_a_stranger_asks_and_the_answer_appears_by_itself(page, tmp_path):
    make_version(1, "active")
    picture = tmp_path / "glitch.png"
    picture.write_bytes(make_picture(3))
    page.goto("/what-is-this/")
    page.set_input_files('[name="picture_4.0"]', picture)
    page.click("form:has([type=file]) button")
    expect(page.get_by_text("Waiting for a worker")).to_be_visible()
    answer(Look.objects.get())
    expect(page.get_by_role("rowheader", name="Blip")).to_be_visible()
    overlay = page.locator("img.heat")
    expect(overlay).to_be_visible()
    assert overlay.evaluate("image => image.decode().then(() => image.naturalWidth)") == 64
    page.uncheck("#heat")
    expect(overlay).to_be_hidden()
    expect(page.get_by_alt_text("Spectrogram, 4 seconds")).to_be_visible()


def test_a_file_that_is_no_picture_is_refused_in_words(page, tmp_path):
    make_version(1, "active")
    text = tmp_path / "glitch.png"
    text.write_text("not a picture")
    page.goto("/what-is-this/")
    page.set_input_files('[name="picture_1.0"]', text)
    page.click("form:has([type=file]) button")
    expect(page.get_by_role("alert")).to_contain_text("neither PNG nor JPEG")


@pytest.mark.parametrize("scheme", ["dark", "light"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_neither_question_nor_answer_breaks_a_rule_of_wcag(page, tmp_path, scheme, size):
    """The form, a refusal on it, the waiting, and an answer with a look-alike."""
    make_version(1, "active")
    alike = make_glitch(4)
    Glitch.objects.filter(pk=alike.pk).update(
        retired_at=timezone.now(), retire_reason=Glitch.RetireReason.CONSENSUS
    )
    picture = tmp_path / "glitch.png"
    picture.write_bytes(make_picture(3))
    show(page, scheme, size)
    page.goto("/what-is-this/")
    assert faults(page) == []
    page.click("form:has([type=file]) button")
    expect(page.get_by_role("alert")).to_be_visible()
    assert faults(page) == []
    page.set_input_files('[name="picture_4.0"]', picture)
    page.click("form:has([type=file]) button")
    expect(page.get_by_text("Waiting for a worker")).to_be_visible()
    assert faults(page) == []
    Look.objects.update(alike=[[alike.pk, 0.5]])
    answer(Look.objects.get())
    expect(page.get_by_role("rowheader", name="Blip")).to_be_visible()
    expect(page.locator(".alike li")).to_have_count(1)
    assert faults(page) == []


def test_a_reviewer_asks_a_version_out_of_use_where_it_sees_another_class(page):
    """What made a version that was kept out say Whistle, and where it would see a Blip."""
    make_version(1, "active")
    kept_out, glitch = make_version(2, "kept_out"), make_glitch(5)
    say(kept_out, [glitch], "Whistle")
    log_in(page, "rosa", role="reviewer")
    page.goto(f"/review/glitches/{glitch.gravityspy_id}/")
    page.get_by_role("button", name="Show where classifier 2 sees it").click()
    expect(page.get_by_text("Waiting for a worker")).to_be_visible()
    page.select_option("#label", "Blip")
    page.get_by_role("button", name="Show", exact=True).click()
    page.wait_for_url("**/?version=2&label=Blip")
    answer(Look.objects.get(label="Blip"))
    expect(page.get_by_text("Heat: where the classifier sees Blip")).to_be_visible()
    expect(page.locator("img.heat")).to_be_visible()
    expect(page.locator("#label")).to_have_value("Blip")
