""" "What is this glitch?" in a browser: ask, wait, read the answer, switch the heat off."""

import numpy as np
import pytest
from playwright.sync_api import expect

from labeling.models import Look
from labeling.models.runs import Run
from labeling.services.looks import look_folder
from ml.heat import render_heat
from tests.conftest import make_picture
from tests.labeling.web.worlds import make_version

pytestmark = pytest.mark.browser


def answer(look: Look) -> None:
    """What a worker would store."""
    heat = render_heat(np.ones((4, 4), np.float32), (64, 48))
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
