"""The NUL character, which Postgres cannot store, is refused on every page, not a fault of ours."""

import pytest

from tests.conftest import make_glitch

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("address", ["/review/glitches/0000000001/?label=%00", "/classes/?a%00=b"])
def test_an_address_with_nul_is_refused(as_reviewer, address):
    make_glitch(1)
    page = as_reviewer.get(address)
    assert (page.status_code, b"nul_character" in page.content) == (400, True)


@pytest.mark.parametrize(
    ("address", "field"),
    [
        ("/review/training/start/", "reason"),
        ("/review/training/start/", "settings"),
        ("/review/models/classifier/1/activate/", "reason"),
        ("/glitches/0000000001/comment/", "text"),
        ("/collections/create/", "name"),
        ("/log-in/", "username"),
        ("/review/experts/a%00b/", "label"),
    ],
)
def test_a_form_with_nul_is_refused(as_reviewer, address, field):
    make_glitch(1, gold_label="Blip")
    page = as_reviewer.post(address, {field: "a\x00b"})
    assert (page.status_code, b"nul_character" in page.content) == (400, True)
