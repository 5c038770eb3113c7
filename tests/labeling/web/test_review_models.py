"""Review: model versions and trainings."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from labeling.models import (
    ModelVersion,
    TrainingRequest,
    TrainingRun,
)
from tests.conftest import make_glitch
from tests.labeling.web.worlds import make_version

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def nothing_is_sent(monkeypatch):
    """The broker is not what these tests are about."""
    monkeypatch.setattr("labeling.jobs.send_now", lambda name, **ids: None)


def test_versions_are_listed_with_why(as_reviewer):
    make_version(1, "replaced")
    make_version(2, "active")
    page = as_reviewer.get("/review/models/").content.decode()
    assert "87.5 %" in page
    assert "Version 2 was judged." in page


def test_one_version_shows_curves_confusion_and_classes(as_reviewer):
    make_version(1, "active")
    page = as_reviewer.get("/review/models/classifier/1/").content.decode()
    assert page.count("<polyline") == 3  # two losses, one accuracy
    assert 'class="heat-8 hit">3<' in page
    assert "Roll back" not in page


def test_what_a_training_noted_and_left_out_is_named(as_reviewer):
    version = make_version(1, "active")
    address = "/review/models/classifier/1/"
    assert "What to know of its training" not in as_reviewer.get(address).content.decode()
    broken, gone = make_glitch(7), make_glitch(8)
    version.metrics |= {
        "notes": ["The device was out of memory: minibatches of 32 were cut in half."],
        "skipped": [{"glitch_id": str(broken.pk), "code": "unreadable_picture", "reason": "Cut."}],
        "untested": [
            {"glitch_id": str(pk), "code": "missing_picture", "reason": "Gone."}
            for pk in (broken.pk, gone.pk)
        ],
    }
    version.save()
    gone.delete()
    page = as_reviewer.get(address).content.decode()
    assert "minibatches of 32 were cut in half" in page
    assert "1 glitch was left out of training and validation" in page
    link = '<a href="/review/glitches/0000000007/">0000000007</a>: '
    assert f"{link}Cut. <code>unreadable_picture</code>" in page
    assert "2 glitches were left out of the gold test" in page
    assert f"{link}Gone. <code>missing_picture</code>" in page
    assert "a glitch that is gone: Gone." in page


def test_of_very_many_left_out_the_first_are_named(as_reviewer, monkeypatch):
    monkeypatch.setattr("labeling.selectors.skipped.SHOWN", 1)
    version = make_version(1, "active")
    rows = [{"glitch_id": str(pk), "code": "cut", "reason": f"Cut {pk}."} for pk in (1, 2, 3)]
    version.metrics |= {"skipped": rows}
    version.save()
    page = as_reviewer.get("/review/models/classifier/1/").content.decode()
    assert ("Cut 1." in page, "Cut 2." in page) == (True, False)
    assert "3 glitches were left out of training" in page
    assert "and 2 more" in page


def test_rolling_back_puts_the_old_version_into_use(as_reviewer):
    make_version(1, "replaced")
    make_version(2, "active")
    assert "Roll back" in as_reviewer.get("/review/models/classifier/1/").content.decode()
    address = "/review/models/classifier/1/activate/"
    page = as_reviewer.post(address, {"reason": "2 calls all lines whistles"}, follow=True)
    assert "is in use now" in page.content.decode()
    assert ModelVersion.objects.get(state="active").number == 1
    assert "calls all lines whistles" in page.content.decode()


@pytest.mark.parametrize(
    "address", ["/review/models/classifier/9/", "/review/models/oracle/1/", "/review/training/9/"]
)
def test_what_is_not_there_is_a_404(as_reviewer, address):
    assert as_reviewer.get(address).status_code == 404


def test_a_training_that_cannot_start_says_why(as_reviewer):
    assert "cannot start yet" in as_reviewer.get("/review/training/").content.decode()
    page = as_reviewer.post("/review/training/start/", follow=True).content.decode()
    assert "Training did not start." in page
    assert "at least 2 classes" in page


@pytest.mark.parametrize(("queues", "waits"), [(["gpu"], False), (["default", "looks"], True)])
def test_a_training_waits_for_a_worker_that_trains(as_reviewer, monkeypatch, queues, waits):
    """Where only others are up, nobody takes it; more of it: selectors/test_broker.py."""
    up = [{"name": "one@here", "queues": queues}]
    monkeypatch.setattr("labeling.selectors.broker.alive_workers", lambda: up)
    run = TrainingRun.objects.create()
    page = as_reviewer.get(f"/review/training/{run.pk}/").content.decode()
    assert ("No worker of the queue gpu answers" in page) == waits


def test_a_training_is_started_once_followed_and_cancelled(as_reviewer, monkeypatch):
    monkeypatch.setattr("labeling.selectors.broker.alive_workers", list)
    for number in range(12):
        make_glitch(number, gold_label=("Blip", "Whistle")[number % 2])
    page = as_reviewer.post("/review/training/start/", {"reason": "try"}, follow=True)
    assert "No worker of the queue gpu answers" in page.content.decode()
    again = as_reviewer.post("/review/training/start/", follow=True).content.decode()
    assert "is under way already" in again
    run = TrainingRun.objects.get()
    fragment = as_reviewer.get(f"/review/training/{run.pk}/", headers=HTMX).content.decode()
    assert "<html" not in fragment
    assert "hx-trigger" in fragment
    cancelled = as_reviewer.post(f"/review/training/{run.pk}/cancel/", follow=True)
    assert "Cancelled." in cancelled.content.decode()
    assert "hx-trigger" not in cancelled.content.decode()
    twice = as_reviewer.post(f"/review/training/{run.pk}/cancel/", follow=True)
    assert "has ended already" in twice.content.decode()


def test_the_page_of_trainings_names_what_is_left_out_and_the_first_is_a_persons(as_reviewer):
    for number in range(12):
        make_glitch(number, gold_label=("Blip", "Whistle")[number % 2])
    make_glitch(20, gold_label="Koi_Fish")
    page = as_reviewer.get("/review/training/").content.decode()
    assert "Koi Fish (4 more labels, no gold in the test split)" in page
    assert "The first is yours to start" in page
    assert "asks for no training" not in page


@pytest.mark.parametrize(
    ("state", "is_own", "words"),
    [
        ("failed", True, ", which the house had asked for, failed: No room."),
        ("failed", False, ", by the site&#x27;s own settings, failed: No room."),
        ("cancelled", True, ", which the house had asked for, was cancelled."),
        ("cancelled", False, ""),
    ],
)
def test_why_the_house_asks_for_no_training_is_shown_and_what_waits(
    as_reviewer, settings, state, is_own, words
):
    settings.RETRAIN_DAYS = 1
    version = make_version(1, "active")
    now = timezone.now()
    TrainingRun.objects.update(created_at=now - timedelta(days=2))
    run = TrainingRun.objects.create(
        state=state, error="No room.", ended_at=now, settings={"recipe": "auto"}
    )
    if is_own:
        run.training_request = TrainingRequest.objects.create(
            state="started", training_run=run, due_at=now, ended_at=now
        )
    page = as_reviewer.get("/review/training/").content.decode()
    its_own = as_reviewer.get(f"/review/training/{run.pk}/").content.decode()
    said = f'<a href="/review/training/{run.pk}/">Training {run.pk}{words}</a>'
    for shown in (page, its_own):
        assert ("The house asks for no training until" in shown) == bool(words)
        assert (said in shown) == bool(words)
    assert (f"1 days since training {version.training_run_id}." in page) == bool(words)


def test_a_training_says_what_it_left_out(as_reviewer):
    left_out = {"Koi_Fish": "no labels", "Tomte": "no labels", "Crown": "1 more label"}
    run = TrainingRun.objects.create(left_out=left_out, notes=["Trained by nota-cpu."])
    page = as_reviewer.get(f"/review/training/{run.pk}/").content.decode()
    assert "Crown (1 more label); Koi Fish, Tomte (no labels)." in page
    assert "Trained by nota-cpu." in page


@pytest.mark.parametrize(
    ("days", "words"), [(1, "from its last checkpoint"), (30, "it begins again")]
)
def test_a_failed_training_is_gone_on_with_from_its_page(as_reviewer, monkeypatch, days, words):
    monkeypatch.setattr("labeling.selectors.broker.alive_workers", list)
    ended = timezone.now() - timedelta(days=days)
    run = TrainingRun.objects.create(state="failed", error="No room.", ended_at=ended)
    page = as_reviewer.get(f"/review/training/{run.pk}/").content.decode()
    assert "Go on with it" in page
    assert words in page
    again = as_reviewer.post(f"/review/training/{run.pk}/resume/", follow=True).content.decode()
    assert "hx-trigger" in again
    assert "Go on with it" not in again
    refused = as_reviewer.post(f"/review/training/{run.pk}/resume/", follow=True)
    assert "under way already" in refused.content.decode()


def test_a_recipe_is_chosen_on_the_page(as_reviewer, monkeypatch):
    monkeypatch.delenv("NOTA_WEIGHTS", raising=False)
    for number in range(12):
        make_glitch(number, gold_label=("Blip", "Whistle")[number % 2])
    page = as_reviewer.get("/review/training/").content.decode()
    assert "resnet50.pth is not here" in page
    chosen = {"recipe": "george-resnet50", "random": "1", "members": ""}
    as_reviewer.post("/review/training/start/", chosen)
    settings = TrainingRun.objects.get().settings
    assert (settings["recipe"], settings["weights"]) == ("george-resnet50", "imagenet or random")
    TrainingRun.objects.update(state="cancelled")
    ensemble = {"recipe": "ensemble", "members": "3, five"}
    page = as_reviewer.post("/review/training/start/", ensemble, follow=True).content.decode()
    assert "members" in page and "whole numbers" in page
    endless = {"recipe": "ensemble", "members": "9" * 5000}  # no int() takes so many digits
    page = as_reviewer.post("/review/training/start/", endless, follow=True).content.decode()
    assert "whole numbers" in page
    ticked = {"recipe": "ensemble", "members": "3, 5", "random": "1"}
    page = as_reviewer.post("/review/training/start/", ticked, follow=True).content.decode()
    assert "there is no classifier 3" in page  # the tick is no setting of an ensemble


@pytest.fixture
def enough(taxonomy):
    """Labels enough for a training."""
    for number in range(12):
        make_glitch(number, gold_label=("Blip", "Whistle")[number % 2])


def test_more_settings_are_typed_one_a_line(as_reviewer, enough):
    typed = {"recipe": "george-vgg16", "settings": "epochs = 3\r\nseed=7\r\n"}
    as_reviewer.post("/review/training/start/", typed)
    settings = TrainingRun.objects.get().settings
    told = (settings["recipe"], settings["epochs"], settings["seed"], settings["optimizer"])
    assert told == ("george-vgg16", 3, 7, "adagrad")
    shown = as_reviewer.get("/review/training/").content.decode()
    assert "<code>epochs</code></dt><dd>a whole number from 0 to 1000</dd>" in shown


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("epochs 3", "is no setting: write KEY=VALUE, as in epochs=3"),
        ("epoch=3", "There is no training setting &#x27;epoch&#x27;; known are"),
        ("epochs=many", "&#x27;many&#x27;; it must be a whole number from 0 to 1000"),
    ],
)
def test_settings_that_make_no_sense_stand_in_the_form_again(as_reviewer, enough, line, words):
    typed = {"recipe": "george-vgg16", "reason": "try", "settings": f"seed=7\n{line}"}
    page = as_reviewer.post("/review/training/start/", typed, follow=True).content.decode()
    assert "Training did not start." in page
    assert words in page
    assert f">seed=7\n{line}</textarea>" in page
    assert 'value="try"' in page
    assert re.search(r'value="george-vgg16"[^>]* selected>', page)
    assert not TrainingRun.objects.exists()


def test_a_failed_training_shows_its_error(as_reviewer):
    run = TrainingRun.objects.create(state="failed", error="No picture.", error_code="no_usable")
    page = as_reviewer.get(f"/review/training/{run.pk}/").content.decode()
    assert "No picture." in page
    assert "no_usable" in page
