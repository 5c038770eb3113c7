"""Review: the experts' queue."""

import pytest

from labeling.models import (
    GoldLabel,
)
from tests.conftest import make_glitch
from tests.labeling.web.worlds import make_undecided

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_is_sent(monkeypatch):
    """The broker is not what these tests are about."""
    monkeypatch.setattr("labeling.jobs.send_now", lambda name, **ids: None)


def test_an_expert_settles_what_volunteers_could_not(as_reviewer):
    first, second = make_undecided(1), make_undecided(2)
    page = as_reviewer.get("/review/experts/").content.decode()
    assert first.gravityspy_id in page
    assert "Blip 60 %" in page
    assert second.gravityspy_id in as_reviewer.get("/review/experts/?skip=1").content.decode()
    after = as_reviewer.post(
        f"/review/experts/{first.gravityspy_id}/", {"label": "Whistle"}, follow=True
    ).content.decode()
    assert f"{first.gravityspy_id} is Whistle now" in after
    assert second.gravityspy_id in after
    assert GoldLabel.objects.get().given_by.username == "rosa"


@pytest.mark.parametrize(
    ("label", "message"), [("Unicorn", "There is no such class"), ("", "Choose a class")]
)
def test_a_class_that_is_none_is_refused(as_reviewer, label, message):
    glitch = make_undecided(1)
    address = f"/review/experts/{glitch.gravityspy_id}/"
    assert message in as_reviewer.post(address, {"label": label}, follow=True).content.decode()
    assert not GoldLabel.objects.exists()


def test_two_experts_who_disagree_are_told(as_reviewer):
    glitch = make_glitch(1, gold_label="Blip")
    address = f"/review/experts/{glitch.gravityspy_id}/"
    page = as_reviewer.post(address, {"label": "Whistle"}, follow=True).content.decode()
    assert "has the gold label Blip already" in page
    assert as_reviewer.post("/review/experts/9999999999/", {"label": "Blip"}).status_code == 404


@pytest.mark.parametrize("skip", ["x", "-1", "9" * 40, "²"])
def test_a_skip_that_makes_no_sense_shows_the_first(as_reviewer, skip):
    make_undecided(1)
    assert as_reviewer.get("/review/experts/", {"skip": skip}).status_code == 200
