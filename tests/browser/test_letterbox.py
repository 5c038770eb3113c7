"""What a picture lies on where it does not fill its place: plots on white, all others on dark."""

import pytest
from playwright.sync_api import expect

from labeling.services.imports import NewGlitch, import_glitch
from tests.browser.conftest import log_in, wait_for_glitch
from tests.conftest import make_picture
from tests.ml.test_axes import bordered, encode, framed

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_plots_of_any_size_lie_on_white_and_pictures_without_margins_on_dark(page):
    pictures = {
        0.5: encode(framed((800, 600))),
        1.0: encode(framed((1000, 700))),
        2.0: encode(bordered(framed((600, 450)), 2, "black")),
        4.0: make_picture(1),
    }
    import_glitch(NewGlitch(gravityspy_id="0000000001", ifo="H1", pictures=pictures), by=None)
    log_in(page, "ada", level=6)
    page.goto("/label/")
    wait_for_glitch(page)
    expect(page.locator('figure[data-duration="4.0"] img')).to_have_class("bare")
    expect(page.locator("#pictures img.bare")).to_have_count(1)
