"""Reviewers see how a version was judged, tried and rolled back, and what has drifted."""

import io
import subprocess
import sys
import zipfile

import pytest
from django.utils import timezone

from labeling import jobs
from labeling.models import (
    DriftCheck,
    EvaluationRun,
    ModelVersion,
    ShadowTrial,
    TrainingRequest,
    User,
)
from labeling.selectors.trials import running_trial
from labeling.services.judging import evaluate_version
from labeling.services.shadow import begin_trial, stop_trial
from tests.conftest import make_glitch
from tests.labeling.judging_world import make_classifier, make_gold, say, trained_on

pytestmark = pytest.mark.django_db
DEEDS = [
    "/review/models/classifier/2/back/",
    "/review/models/classifier/2/judge/",
    "/review/models/classifier/1/trial/",
    "/review/evaluations/1/cancel/",
    "/review/drift/1/see/",
]
PAGES = [
    "/review/drift/",
    "/review/models/classifier/2/judging/",
    "/review/evaluations/1/",
    "/review/trials/1/",
]
HTMX = {"HX-Request": "true"}
REPORT = {
    "count": 10,
    "differ": 3,
    "share": 0.3,
    "interval": [0.1, 0.6],
    "flows": [{"active": "Blip", "candidate": "Whistle", "count": 3}],
    "confidence": {"active": 0.9, "candidate": 0.8},
}
FILES = [f"/review/models/classifier/2/judging.{kind}" for kind in ("json", "zip")]


@pytest.fixture
def sent(monkeypatch):
    messages = []
    monkeypatch.setattr(jobs, "send_now", lambda name, **ids: messages.append((name, ids)))
    return messages


@pytest.fixture
def two(taxonomy, sent):
    """Classifier 2, in use, replaced 1; both have predicted four test glitches of two weeks."""
    first = make_classifier(1, state="replaced")
    second = make_classifier(2, replaces=first, routed_at=timezone.now())
    blips = make_gold(0, "Blip", 2, event_time=1240000000.0)
    whistles = make_gold(10, "Whistle", 2, event_time=1241000000.0)
    for version, right in ((first, 1), (second, 2)):
        say(version, blips, "Blip")
        say(version, whistles[:right], "Whistle")
        say(version, whistles[right:], "Blip")
    return first, second


@pytest.mark.parametrize("address", [*PAGES, *FILES])
def test_volunteers_see_none_of_it(as_volunteer, two, address):
    assert as_volunteer.get(address).status_code == 403


@pytest.mark.parametrize("address", DEEDS)
def test_volunteers_do_none_of_it_and_nobody_does_by_looking(
    as_volunteer, as_reviewer, two, address
):
    assert as_volunteer.post(address).status_code == 403
    assert as_reviewer.get(address).status_code == 405


def test_without_figures_the_page_offers_to_make_them(
    as_reviewer, two, sent, django_capture_on_commit_callbacks
):
    page = as_reviewer.get("/review/models/classifier/2/judging/").content.decode()
    assert "Not judged yet" in page
    with django_capture_on_commit_callbacks(execute=True):
        answer = as_reviewer.post("/review/models/classifier/2/judge/", {"against": "1"})
    assert answer["Location"] == "/review/models/classifier/2/judging/?against=1"
    run = EvaluationRun.objects.get()
    assert (run.model_version, run.against, run.in_time) == (two[1], two[0], False)
    assert sent == [(jobs.EVALUATE, {"run_id": run.pk})]


@pytest.mark.parametrize("address", ["", "judging/", "judging/?against=1"])
def test_what_became_of_an_evaluation_is_on_the_pages(as_reviewer, two, address):
    address = f"/review/models/classifier/2/{address}"

    def page() -> str:
        return as_reviewer.get(address).content.decode()

    assert "Being judged" not in page()
    EvaluationRun.objects.create(model_version=two[1], against=two[0])
    assert "Being judged against classifier 1: waiting for a worker" in page()
    EvaluationRun.objects.update(state="running", stage="judging on the gold test set")
    assert "Being judged against classifier 1: judging on the gold test set" in page()
    assert "<noscript> Reload the page" in page()
    EvaluationRun.objects.update(state="failed", error="The file is gone.", error_code="missing")
    assert "The file is gone. <code>missing</code>" in page()
    EvaluationRun.objects.create(model_version=two[1], against=two[0], state="succeeded")
    assert "The file is gone." not in page()


@pytest.mark.parametrize("address", ["", "judging/"])
def test_the_pages_follow_an_evaluation_until_its_end(as_reviewer, two, address):
    """They ask for a part while it lives; then for the whole page, which asks no more."""
    address = f"/review/models/classifier/2/{address}"
    run = EvaluationRun.objects.create(model_version=two[1], stage="looking at the pictures")
    part = f"/review/evaluations/{run.pk}/"
    page = as_reviewer.get(address).content.decode()
    assert f'hx-get="{part}" hx-trigger="every 2s"' in page
    answer = as_reviewer.get(part, headers=HTMX)
    assert "HX-Refresh" not in answer
    assert answer.content.decode().strip().startswith('<div id="judging-run"')
    for state in ("succeeded", "failed", "cancelled"):
        EvaluationRun.objects.update(state=state)
        assert as_reviewer.get(part, headers=HTMX)["HX-Refresh"] == "true"
        assert "hx-trigger" not in as_reviewer.get(address).content.decode()
    assert as_reviewer.get("/review/evaluations/99/", headers=HTMX).status_code == 404


@pytest.mark.parametrize(
    ("against", "in_time", "query"),
    [(False, False, ""), (True, False, "?against=1"), (True, True, "?against=1&in_time=1")],
)
def test_an_evaluation_is_cancelled_on_the_page_once(as_reviewer, two, against, in_time, query):
    page = f"/review/models/classifier/2/judging/{query}"
    run = EvaluationRun.objects.create(
        model_version=two[1], against=two[0] if against else None, in_time=in_time, state="running"
    )
    address = f"/review/evaluations/{run.pk}/cancel/"
    assert f'action="{address}"' in as_reviewer.get(page).content.decode()
    answer = as_reviewer.post(address, follow=True)
    assert answer.redirect_chain == [(page, 302)]
    assert "Cancelled. Its worker stops" in answer.content.decode()
    assert "was cancelled: the figures are as they were" in answer.content.decode()
    run.refresh_from_db()
    assert run.state == "cancelled"
    assert "has ended already" in as_reviewer.post(address, follow=True).content.decode()
    assert as_reviewer.post("/review/evaluations/99/cancel/").status_code == 404


def test_judging_in_time_is_asked_for_and_shown_beside_the_rest(
    as_reviewer, two, sent, django_capture_on_commit_callbacks
):
    address = "/review/models/classifier/2/"
    refused = as_reviewer.post(f"{address}judge/", {"in_time": "1"}, follow=True)
    assert "No gold test glitch is known to be later" in refused.content.decode()
    trained_on(two[1], make_glitch(40, event_time=1240500000.0))
    with django_capture_on_commit_callbacks(execute=True):
        answer = as_reviewer.post(f"{address}judge/", {"in_time": "1"})
    assert answer["Location"] == f"{address}judging/?in_time=1"
    run = EvaluationRun.objects.get()
    assert (run.model_version, run.against, run.in_time) == (two[1], None, True)
    assert sent == [(jobs.EVALUATE, {"run_id": run.pk})]
    run.delete()
    page = as_reviewer.get(f"{address}judging/?in_time=1").content.decode()
    assert "Not judged yet on what came later than all training" in page
    evaluate_version(two[1])
    evaluate_version(two[1], in_time=True)
    whole = as_reviewer.get(f"{address}judging/").content.decode()
    later = as_reviewer.get(f"{address}judging/?in_time=1").content.decode()
    assert "On 4 gold glitches" in whole
    assert "On 2 gold glitches" in later
    assert "?class=Whistle&amp;in_time=1#curves" in later
    assert as_reviewer.get(f"{address}judging.json?in_time=1").json()["figures"]["count"] == 2


def test_the_stored_figures_are_shown_with_tables_beside_the_plots(as_reviewer, two):
    first, second = two
    evaluate_version(second)
    evaluate_version(second, first)
    page = as_reviewer.get("/review/models/classifier/2/judging/?against=1&class=Blip")
    text = page.content.decode()
    for words in (
        "100.0 %",
        "McNemar",
        "Accuracy by week: 21 Apr 2019",
        "Blip against the rest",
        "ROC, recall upward against false positives: area 1.000",
        "Reliability: 90 %: 100 % of 4 right",
        "1080Lines and 1400Ripples",
        "O3a",
    ):
        assert words in text
    assert text.count("As a table") == 2


def test_a_versions_page_draws_the_test_that_its_figures_are_of(as_reviewer, two):
    """None_of_the_Above is gold of the test split too, but nothing that a version is tested on."""
    _, second = two
    say(second, make_gold(50, "None_of_the_Above", 4), "Blip")
    address = "/review/models/classifier/2/"
    assert "Reliability" not in as_reviewer.get(address).content.decode()
    evaluate_version(second)
    text = as_reviewer.get(address).content.decode()
    assert "Reliability: 90 %: 100 % of 4 right" in text
    assert "<dt>accuracy</dt><dd>100.0 %</dd>" in text
    assert "<dt>gold glitches judged</dt><dd>4</dd>" in text


@pytest.mark.parametrize("address", FILES)
def test_files_of_figures_are_kept_in_no_cache(as_reviewer, two, address):
    evaluate_version(two[1])
    assert "no-store" in as_reviewer.get(address)["Cache-Control"]


def test_the_same_as_json(as_reviewer, two):
    evaluate_version(two[1])
    address = "/review/models/classifier/2/judging.json"
    found = as_reviewer.get(address).json()
    assert (found["version"], found["against"], found["figures"]["accuracy"]) == (2, None, 1.0)
    assert as_reviewer.get(f"{address}?against=1").status_code == 404


def test_the_same_as_tables_in_an_archive(as_reviewer, two):
    first, second = two
    address = "/review/models/classifier/2/judging.zip"
    assert as_reviewer.get(address).status_code == 404
    evaluate_version(second)
    with zipfile.ZipFile(io.BytesIO(as_reviewer.get(address).content)) as files:
        assert "comparison.csv" not in files.namelist()
        header, first_row = files.read("confusion_classifier-2.csv").decode().splitlines()[:2]
    assert (header, first_row) == ("truth / predicted,Blip,Whistle", "Blip,2,0")
    evaluate_version(second, first)
    beside = as_reviewer.get(f"{address}?against=1")
    assert beside["Content-Disposition"] == 'attachment; filename="classifier-2-judging.zip"'
    with zipfile.ZipFile(io.BytesIO(beside.content)) as files:
        assert "comparison.csv" in files.namelist()


@pytest.mark.parametrize("query", ["against=9", "against=x", "against=" + "9" * 30])
def test_a_comparison_with_what_is_not_there_is_a_404(as_reviewer, two, query):
    assert as_reviewer.get(f"/review/models/classifier/2/judging/?{query}").status_code == 404


def test_one_click_rolls_back(as_reviewer, two):
    page = as_reviewer.get("/review/models/").content.decode()
    assert "Roll back to 1" in page
    answer = as_reviewer.post("/review/models/classifier/2/back/", follow=True)
    assert "Rolled back: classifier 1 is in use again." in answer.content.decode()
    again = as_reviewer.post("/review/models/classifier/2/back/", follow=True)
    assert "is not in use any more" in again.content.decode()
    assert ModelVersion.objects.get(state="active").number == 1


def test_a_trial_is_begun_shown_and_called_off(as_reviewer, two):
    address = "/review/models/classifier/1/trial/"
    as_reviewer.post(address)
    page = as_reviewer.get("/review/models/classifier/1/").content.decode()
    assert "Trial beside classifier 2" in page
    assert "0 of 100 new glitches" in page
    assert "Begun by rosa, " in page
    models = as_reviewer.get("/review/models/").content.decode()
    assert "On trial:" in models and "Begun by rosa, " in models
    as_reviewer.post(address, {"trial": "none"})
    assert running_trial() is not None
    as_reviewer.post(address, {"trial": running_trial().pk})
    page = as_reviewer.get("/review/models/classifier/1/").content.decode()
    assert "Called off by rosa." in page


@pytest.mark.parametrize("page", ["", "classifier/1/"])
def test_the_pages_follow_a_trial_until_its_end(as_reviewer, two, page):
    page = f"/review/models/{page}"
    trial = begin_trial(two[0], by=None)
    part = f"/review/trials/{trial.pk}/" if "classifier" in page else page
    assert f'hx-get="{part}" hx-trigger="every 10s"' in as_reviewer.get(page).content.decode()
    ShadowTrial.objects.update(report=REPORT)
    answer = as_reviewer.get(part, headers=HTMX)
    assert "HX-Refresh" not in answer
    assert "10 of 100" in answer.content.decode()
    assert "<html" not in answer.content.decode()
    stop_trial(trial.pk, by=User.objects.get(username="rosa"))
    assert as_reviewer.get(part, headers=HTMX)["HX-Refresh"] == "true"
    assert "hx-trigger" not in as_reviewer.get(page).content.decode()


def test_what_a_trial_found_is_shown(as_reviewer, two):
    trial = begin_trial(two[0], by=None)
    trial.report = REPORT
    trial.save()
    page = as_reviewer.get("/review/models/classifier/1/").content.decode()
    assert "Begun by the house, " in page
    assert "They disagree on 3 of 10 glitches (30.0 %; 95 % interval 10.0 % to 60.0 %)" in page


def test_a_drift_alert_shows_until_it_is_seen(as_reviewer, two):
    alert = DriftCheck.objects.create(
        model_version=two[1],
        week=2056 * 604800,
        glitches=100,
        glitches_before=400,
        measured={"classes": {"divergence": 0.2, "p": 0.0005}, "confidence": None},
        is_alert=True,
        words="The classes predicted moved.",
    )
    assert "The classes predicted moved." in as_reviewer.get("/review/models/").content.decode()
    answer = as_reviewer.post(f"/review/drift/{alert.pk}/see/", follow=True)
    assert "seen by rosa" in answer.content.decode()
    assert "moved" not in as_reviewer.get("/review/models/").content.decode()


def test_a_training_that_could_not_start_is_told_with_its_reason(as_reviewer, two):
    now = timezone.now()
    TrainingRequest.objects.create(
        state="refused",
        reasons={"labels": "1000 new labels"},
        refusal="Training needs at least 2 classes.",
        due_at=now,
        ended_at=now,
    )
    for address in ("/review/models/", "/review/training/"):
        page = as_reviewer.get(address).content.decode()
        assert "1000 new labels" in page
        assert "at least 2 classes" in page


def test_the_web_process_shows_figures_without_scikit_learn():
    script = (
        "import labeling.wsgi, sys; from django.urls import get_resolver; "
        "get_resolver().url_patterns; print('sklearn' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["False"]
