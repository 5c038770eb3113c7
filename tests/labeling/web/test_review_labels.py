"""The queue of doubtful labels as a reviewer sees and works it."""

import pytest

from labeling.models import GoldLabel, LabelCheck, LabelIssue
from labeling.models.runs import Run
from tests.conftest import make_glitch
from tests.labeling.services.test_label_issues import doubt, queue

pytestmark = pytest.mark.django_db
PAGE = "/review/labels/"


def test_an_empty_queue_says_how_it_fills(as_reviewer):
    page = as_reviewer.get(PAGE).content.decode()
    assert "No label waits" in page
    assert "Search now" in page
    assert "two classes" in as_reviewer.post(f"{PAGE}search/", follow=True).content.decode()


def test_agree_disagree_relabel_and_undo(as_reviewer, taxonomy):
    issues = queue(*(doubt(make_glitch(n, gold_label="Blip")) for n in range(3)))
    page = as_reviewer.get(PAGE).content.decode()
    assert "Agree: it is Tomte" in page
    assert "Disagree: Blip stands" in page
    for issue, data in zip(
        issues, ({"label": "Tomte"}, {"stands": "1"}, {"label": "Chirp"}), strict=True
    ):
        as_reviewer.post(f"{PAGE}{issue.pk}/", data)
    states = LabelIssue.objects.order_by("pk").values_list("state", flat=True)
    assert list(states) == ["agreed", "disagreed", "relabeled"]
    labels = GoldLabel.objects.order_by("pk").values_list("glitch_class__label", flat=True)
    assert list(labels) == ["Tomte", "Blip", "Chirp"]
    page = as_reviewer.post(f"{PAGE}{issues[2].pk}/undo/", follow=True).content.decode()
    assert "0000000002 is Blip again." in page
    assert "Agree: it is Tomte" in page


def test_what_was_left_for_later_stays_behind_the_next_decision(as_reviewer, taxonomy):
    """Of three doubts the first is left; the second is decided, and the third comes."""
    first, second, third = queue(*(doubt(make_glitch(n, gold_label="Blip")) for n in range(3)))
    assert 'href="?skip=1"' in as_reviewer.get(PAGE).content.decode()
    page = as_reviewer.get(f"{PAGE}?skip=1").content.decode()
    assert f'action="{PAGE}{second.pk}/"' in page
    assert '<input type="hidden" name="skip" value="1">' in page
    answer = as_reviewer.post(f"{PAGE}{second.pk}/", {"stands": "1", "skip": "1"})
    page = as_reviewer.get(answer["Location"]).content.decode()
    assert f'action="{PAGE}{third.pk}/"' in page
    answer = as_reviewer.post(f"{PAGE}{third.pk}/", {"stands": "1", "skip": "1"})
    page = as_reviewer.get(answer["Location"]).content.decode()
    assert f'action="{PAGE}{first.pk}/"' in page  # none is behind it: begin again


@pytest.mark.parametrize("odd", ["", "-1", "x", "9" * 30])
def test_an_odd_place_in_the_queue_is_its_beginning(as_reviewer, taxonomy, odd):
    (issue,) = queue(doubt(make_glitch(1, gold_label="Blip")))
    assert f"{issue.pk}/" in as_reviewer.get(PAGE, {"skip": odd}).content.decode()
    answer = as_reviewer.post(f"{PAGE}{issue.pk}/", {"stands": "1", "skip": odd})
    assert answer["Location"] == PAGE


def test_a_late_or_empty_answer_is_refused_in_words(as_reviewer, taxonomy):
    (issue,) = queue(doubt(make_glitch(1, gold_label="Blip")))
    address = f"{PAGE}{issue.pk}/"
    assert "Choose a class." in as_reviewer.post(address, {}, follow=True).content.decode()
    as_reviewer.post(address, {"stands": "1"})
    again = as_reviewer.post(address, {"label": "Tomte"}, follow=True).content.decode()
    assert "settled already" in again


def test_a_search_under_way_shows_its_progress(as_reviewer):
    LabelCheck.objects.create(state=Run.State.RUNNING, stage="comparing labels", progress=0.6)
    page = as_reviewer.get(PAGE).content.decode()
    assert "comparing labels" in page
    assert 'hx-trigger="every 2s"' in page
    assert "<noscript> Reload the page" in page
    LabelCheck.objects.update(state=Run.State.SUCCEEDED, judged=7, found=0)
    ended = as_reviewer.get(PAGE, headers={"HX-Request": "true"})
    assert ended["HX-Refresh"] == "true"


def test_a_search_under_way_can_be_cancelled(as_reviewer):
    check = LabelCheck.objects.create(state=Run.State.RUNNING)
    address = f"{PAGE}search/{check.pk}/cancel/"
    assert f'action="{address}"' in as_reviewer.get(PAGE).content.decode()
    page = as_reviewer.post(address, follow=True).content.decode()
    assert "Its worker stops" in page
    assert "was cancelled: the queue is as it was" in page
    assert "Search now" in page
    assert "has ended already" in as_reviewer.post(address, follow=True).content.decode()


def test_volunteers_do_not_see_the_queue(as_volunteer):
    assert as_volunteer.get(PAGE).status_code == 403
