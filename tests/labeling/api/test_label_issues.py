"""Doubtful labels over the API: searched for, listed, decided, taken back."""

import pytest

from labeling import jobs
from labeling.models import GoldLabel, LabelCheck, LabelIssue
from labeling.throttles import PostThrottle
from tests.conftest import make_glitch
from tests.labeling.api.conftest import refusal
from tests.labeling.services.test_label_issues import doubt, queue

pytestmark = pytest.mark.django_db
CHECKS, ISSUES = "/api/v1/label-checks", "/api/v1/label-issues"


@pytest.fixture
def sent(monkeypatch) -> list:
    """The tasks that were sent."""
    sent: list = []
    monkeypatch.setattr(jobs, "send_now", lambda name, **ids: sent.append((name, ids)))
    return sent


def test_a_search_is_asked_for_once_and_watched(
    pipeline, taxonomy, sent, django_capture_on_commit_callbacks
):
    assert refusal(pipeline.post(CHECKS)) == (400, "too_few_labels")
    for number in range(4):
        make_glitch(number, gold_label=("Blip", "Tomte")[number % 2])
    with django_capture_on_commit_callbacks(execute=True):
        asked = pipeline.post(CHECKS, {"repeats": 5})
        again = pipeline.post(CHECKS)
    assert (asked.status_code, again.status_code) == (201, 201)
    run = LabelCheck.objects.get()
    assert asked.json()["id"] == again.json()["id"] == run.pk
    assert run.settings["repeats"] == 5
    assert sent == [(jobs.CHECK_LABELS, {"run_id": run.pk})]
    LabelCheck.objects.update(state="succeeded", judged=4, found=1)
    one = pipeline.get(f"{CHECKS}/{run.pk}").json()
    assert (one["judged"], one["found"], one["requested_by"]) == (4, 1, "pat")
    assert pipeline.get(CHECKS).json()["results"] == [one]


def test_a_search_under_way_can_be_cancelled_and_is_not_given_for_another(pipeline, taxonomy):
    check = LabelCheck.objects.create(settings={"repeats": 5})
    assert refusal(pipeline.post(CHECKS, {"repeats": 3})) == (409, "label_check_under_way")
    assert refusal(pipeline.post(f"{CHECKS}/{check.pk}/cancel")) == (403, "not_yours")
    LabelCheck.objects.update(requested_by=pipeline.user)
    cancelled = pipeline.post(f"{CHECKS}/{check.pk}/cancel")
    assert (cancelled.status_code, cancelled.json()["state"]) == (200, "cancelled")
    assert refusal(pipeline.post(f"{CHECKS}/{check.pk}/cancel")) == (409, "run_ended")
    assert refusal(pipeline.post(f"{CHECKS}/99/cancel")) == (404, "not_found")


def test_a_flood_of_searches_is_throttled(pipeline, taxonomy, monkeypatch):
    monkeypatch.setattr(PostThrottle, "THROTTLE_RATES", {"judge": "2/hour"})
    answers = [pipeline.post(CHECKS) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [400, 400, 429]
    assert pipeline.get(CHECKS).status_code == 200


@pytest.mark.parametrize("body", [{"repeats": 0}, {"repeats": 51}, {"repeats": "x"}])
def test_a_search_that_makes_no_sense_is_refused(pipeline, taxonomy, body):
    assert refusal(pipeline.post(CHECKS, body)) == (400, "invalid")


def test_the_queue_is_listed_with_what_speaks_against_each_label(
    pipeline, taxonomy, django_assert_num_queries
):
    first, second = queue(*(doubt(make_glitch(n, gold_label="Blip")) for n in (1, 2)))
    LabelIssue.objects.filter(pk=first.pk).update(state="withdrawn")
    with django_assert_num_queries(2):  # token, issues
        rows = pipeline.get(ISSUES, {"state": "open"}).json()["results"]
    assert rows == [
        {
            "id": second.pk,
            "label_check": second.label_check_id,
            "gravityspy_id": "0000000002",
            "origin": "gold",
            "given": "Blip",
            "suggested": "Tomte",
            "given_probability": 0.1,
            "suggested_probability": 0.8,
            "misread": 1.0,
            "state": "open",
            "answer": None,
            "decided_by": None,
            "decided_at": None,
        }
    ]
    assert len(pipeline.get(ISSUES, {"check": second.label_check_id}).json()["results"]) == 2
    assert refusal(pipeline.get(ISSUES, {"state": "doubtful"})) == (400, "invalid")


@pytest.mark.parametrize(
    ("said", "state", "label"),
    [("Tomte", "agreed", "Tomte"), ("Chirp", "relabeled", "Chirp"), (None, "disagreed", "Blip")],
)
def test_a_reviewer_decides_and_takes_it_back(reviewer, taxonomy, said, state, label):
    (issue,) = queue(doubt(make_glitch(1, gold_label="Blip")))
    decided = reviewer.post(f"{ISSUES}/{issue.pk}/decide", {"label": said}).json()
    assert (decided["state"], decided["answer"], decided["decided_by"]) == (state, said, "rita")
    assert GoldLabel.objects.get().glitch_class.label == label
    again = reviewer.post(f"{ISSUES}/{issue.pk}/decide", {"label": said})
    assert refusal(again) == (409, "issue_decided")
    undone = reviewer.post(f"{ISSUES}/{issue.pk}/undo").json()
    assert (undone["state"], undone["answer"], undone["decided_by"]) == ("open", None, None)
    assert GoldLabel.objects.get().glitch_class.label == "Blip"
    assert refusal(reviewer.post(f"{ISSUES}/{issue.pk}/undo")) == (409, "nothing_to_undo")


@pytest.mark.parametrize("body", [{}, {"label": "Dragon"}, {"label": 7}, {"label": ["Blip"]}])
def test_an_answer_that_names_no_class_in_use_is_refused(reviewer, taxonomy, body):
    (issue,) = queue(doubt(make_glitch(1, gold_label="Blip")))
    assert refusal(reviewer.post(f"{ISSUES}/{issue.pk}/decide", body)) == (400, "invalid")
    assert LabelIssue.objects.get().state == "open"
