"""Gold answers never leave the server before the vote: no page names the class of what is asked."""

import json
import re

import numpy as np
import pytest

from labeling.models import Glitch, Picture
from labeling.services.assignments import next_assignments
from tests.conftest import make_glitch

pytestmark = pytest.mark.django_db

# Every page with the names of classes beside pictures.
PAGES = ["/label/", "/label/classes/", "/classes/", "/tutorial/1/", "/tutorial/3/", "/practice/"]


@pytest.fixture
def asked(volunteer):
    """Gold glitches that the volunteer was lent: of sixteen, those of many draws."""
    for number in range(8):
        make_glitch(number, gold_label="Blip")
        make_glitch(100 + number, gold_label="Whistle")
    volunteer.level = 5  # who can still rise is lent gold where nothing else is
    volunteer.save()
    rng = np.random.default_rng(1)
    lent = next_assignments(volunteer, want=3, rng=rng)
    return [Glitch.objects.get(pk=one.glitch_id) for one in lent]


@pytest.mark.parametrize("address", PAGES)
def test_no_page_shows_what_is_asked(as_volunteer, asked, address):
    """Each page could name the class, so neither the id nor the picture may be on it."""
    assert len(asked) == 3
    page = as_volunteer.get(address).content.decode()
    assert "Blip" in page or "glitch" in page
    for glitch in asked:
        assert glitch.gravityspy_id not in page
        for picture in Picture.objects.filter(glitch=glitch):
            assert picture.sha256 not in page


def test_the_answer_that_lends_it_tells_no_more_than_of_any_other(as_volunteer, asked, volunteer):
    """Gold and other glitches are lent in words of the same shape, with the same classes."""
    other = make_glitch(500)
    other.refresh_from_db()
    told = as_volunteer.get("/api/v1/next?want=3").json()["assignments"]
    text = json.dumps(told)
    assert not re.search("gold|stream|split|consensus|prediction|agreement", text)
    assert {tuple(sorted(one)) for one in told} == {
        ("classes", "glitch", "id", "leased_until", "level", "question", "references")
    }
    assert len({tuple(one["classes"]) for one in told}) == 1
    assert {one["level"] for one in told} == {5}


def test_the_glitch_page_of_what_is_asked_tells_nothing(as_volunteer, asked):
    page = as_volunteer.get(f"/glitches/{asked[0].gravityspy_id}/").content.decode()
    assert not re.search("Blip|Whistle|experts say", page)
