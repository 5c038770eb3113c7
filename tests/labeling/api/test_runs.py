"""Training and discovery runs: asked for, watched, cancelled."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone
from kombu.exceptions import OperationalError

from labeling import jobs
from labeling.models import DiscoveryRun, TrainingRun
from labeling.models.runs import Run
from labeling.services.retraining import Due, Trigger, ask_for_training, start_if_due
from tests.conftest import make_glitch
from tests.labeling.api.conftest import make_proposal, make_version, predict, refusal

pytestmark = pytest.mark.django_db
TRAININGS, DISCOVERIES = "/api/v1/training-runs", "/api/v1/discovery-runs"
REQUESTS = "/api/v1/training-requests"


@pytest.fixture
def trainable(taxonomy):
    """Two classes of five gold labels each."""
    for number in range(5):
        make_glitch(number, gold_label="Blip")
        make_glitch(10 + number, gold_label="Whistle")


@pytest.fixture
def sent(monkeypatch) -> list:
    """The tasks that were sent."""
    sent: list = []
    monkeypatch.setattr(jobs, "send_now", lambda name, **ids: sent.append((name, ids)))
    return sent


def test_a_training_is_asked_for_and_watched(
    pipeline, trainable, sent, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        made = pipeline.post(TRAININGS, {"reason": "new gold", "settings": {"epochs": 2}})
    assert made.status_code == 201
    run = made.json()
    assert (run["state"], run["reason"], run["requested_by"]) == ("requested", "new gold", "pat")
    assert run["recipe"] == "auto"  # a worker chooses
    assert run["settings"] == {"epochs": 2, "recipe": "auto"}
    assert sent == [(jobs.RUN_TRAINING, {"run_id": run["id"]})]
    TrainingRun.objects.update(state="running", progress=0.5, epochs=[{"epoch": 0}])
    got = pipeline.get(f"{TRAININGS}/{run['id']}").json()
    assert (got["state"], got["progress"], got["epochs"]) == ("running", 0.5, [{"epoch": 0}])
    assert got["model_version"] is None


def test_a_training_by_a_recipe_takes_its_settings(pipeline, trainable, settings):
    body = {"recipe": "george-vgg16", "settings": {"epochs": 2}}
    run = pipeline.post(TRAININGS, body).json()
    assert run["recipe"] == "george-vgg16"
    chosen = [run["settings"][key] for key in ("backbone", "optimizer", "epochs")]
    assert chosen == ["vgg16", "adagrad", 2]
    TrainingRun.objects.update(state="cancelled")
    settings.TRAINING_RECIPE = "logistic-features"  # the site's own, where none is named
    assert pipeline.post(TRAININGS, {}).json()["recipe"] == "logistic-features"


def test_an_ensemble_needs_two_versions_that_exist(pipeline, trainable):
    make_version(3)
    for members, words in (([], "name at least two"), ([3, 4], "no classifier 4")):
        body = {"recipe": "ensemble", "settings": {"members": members}}
        response = pipeline.post(TRAININGS, body)
        assert refusal(response) == (400, "no_members")
        assert words in response.json()["error"]["message"]


def test_a_second_training_at_once_is_refused(pipeline, trainable):
    first = pipeline.post(TRAININGS, {}).json()
    response = pipeline.post(TRAININGS, {})
    assert refusal(response) == (409, "training_under_way")
    assert response.json()["error"]["data"] == {"run": first["id"]}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"settings": {"epoch": 2}}, "bad_settings"),
        ({"settings": {"epochs": -1}}, "bad_settings"),
        ({"settings": {"backbone": 7}}, "bad_settings"),
        ({"settings": {"backbone": "resnet5O"}}, "unknown_backbone"),
        ({"recipe": "george-vgg17"}, "unknown_recipe"),
        ({"settings": [1]}, "invalid"),
        ({"reason": "r" * 201}, "invalid"),
    ],
)
def test_bad_settings_are_refused(pipeline, trainable, body, code):
    assert refusal(pipeline.post(TRAININGS, body)) == (400, code)
    assert not TrainingRun.objects.exists()


def test_too_few_classes_are_refused(pipeline):
    for number in range(5):
        make_glitch(number, gold_label="Blip")
    response = pipeline.post(TRAININGS, {})
    assert refusal(response) == (400, "too_few_classes")
    data = response.json()["error"]["data"]
    assert (data["classes"], len(data["left_out"])) == (["Blip"], 20)
    assert data["left_out"]["Whistle"] == "no labels"
    assert not TrainingRun.objects.exists()


def test_why_a_training_failed_is_shown(pipeline):
    run = TrainingRun.objects.create(
        state=Run.State.FAILED, error_code="disk_full", error="No room."
    )
    got = pipeline.get(f"{TRAININGS}/{run.pk}").json()
    assert (got["error_code"], got["error"]) == ("disk_full", "No room.")


def test_a_training_is_cancelled_once(pipeline, trainable):
    address = f"{TRAININGS}/{pipeline.post(TRAININGS, {}).json()['id']}/cancel"
    assert pipeline.post(address).json()["state"] == "cancelled"
    assert refusal(pipeline.post(address)) == (409, "run_ended")


def test_a_failed_training_is_gone_on_with_once(pipeline):
    ended = datetime(2026, 1, 1, tzinfo=UTC)
    its_own = pipeline.user
    run = TrainingRun.objects.create(
        state="failed", error="x", ended_at=ended, requested_by=its_own
    )
    address = f"{TRAININGS}/{run.pk}"
    assert pipeline.get(address).json()["checkpoints_until"] == "2026-01-08T00:00:00Z"
    found = pipeline.post(f"{address}/resume").json()
    assert (found["id"], found["state"], found["error"]) == (run.pk, "requested", "")
    assert found["checkpoints_until"] is None
    assert refusal(pipeline.post(f"{address}/resume")) == (409, "training_under_way")
    assert refusal(pipeline.post(f"{TRAININGS}/99/resume")) == (404, "not_found")


@pytest.mark.parametrize("asked_by", ["reviewer", None])  # None: the house
@pytest.mark.parametrize(("state", "act"), [("running", "cancel"), ("failed", "resume")])
def test_a_pipeline_stops_and_goes_on_with_its_own_trainings_alone(
    pipeline, reviewer, asked_by, state, act
):
    run = TrainingRun.objects.create(state=state, requested_by=asked_by and reviewer.user)
    address = f"{TRAININGS}/{run.pk}/{act}"
    assert refusal(pipeline.post(address)) == (403, "not_yours")
    run.refresh_from_db()
    assert run.state == state
    assert reviewer.post(address).status_code == 200


def test_trainings_are_listed_the_newest_first(pipeline, django_assert_num_queries):
    first, second = (TrainingRun.objects.create(state=Run.State.SUCCEEDED) for _ in range(2))
    make_version(1, training_run=first)
    with django_assert_num_queries(2):  # token, runs
        rows = pipeline.get(TRAININGS).json()["results"]
    assert [(r["id"], r["model_version"]) for r in rows] == [(second.pk, None), (first.pk, 1)]


def test_requests_are_listed_with_why_and_what_came_of_them(
    pipeline, taxonomy, settings, django_assert_num_queries
):
    """Refused while nothing is labeled, then started, then two reasons that wait for more."""
    settings.RETRAIN_WAIT_SECONDS = 60
    now = timezone.now()
    later = now + timedelta(seconds=61)
    ask_for_training(Due(Trigger.LABELS, "12 new labels"), now, by=None)
    start_if_due(later)
    for number in range(10):
        make_glitch(number, gold_label=("Blip", "Whistle")[number % 2])
    ask_for_training(Due(Trigger.DRIFT, "drift: the classes moved"), now, by=None)
    run = start_if_due(later)
    for due in (Due(Trigger.SCHEDULE, "7 days"), Due(Trigger.LABELS, "40 new labels")):
        ask_for_training(due, now, by=pipeline.user)
    with django_assert_num_queries(2):  # token, requests
        waiting, started, refused = pipeline.get(REQUESTS).json()["results"]
    assert (waiting["state"], waiting["requested_by"]) == ("waiting", "pat")
    assert waiting["reasons"] == {"labels": "40 new labels", "schedule": "7 days"}
    assert (waiting["ended_at"], waiting["training_run"], waiting["refusal"]) == (None, None, "")
    assert datetime.fromisoformat(waiting["due_at"]) == now + timedelta(seconds=60)
    assert (started["state"], started["training_run"]) == ("started", run.pk)
    assert (refused["state"], refused["refusal_code"]) == ("refused", "too_few_classes")
    assert "at least 2 classes" in refused["refusal"]
    rows = pipeline.get(REQUESTS, {"state": "refused"}).json()["results"]
    assert [row["id"] for row in rows] == [refused["id"]]
    assert refusal(pipeline.get(REQUESTS, {"state": "lost"})) == (400, "invalid")


@pytest.fixture
def pool(taxonomy):
    """Ten glitches of low confidence."""
    version = make_version(1)
    for number in range(10):
        predict(version, make_glitch(number), 0.4, 0.35)


def test_a_discovery_is_asked_for_once(pipeline, pool, sent, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        made = pipeline.post(DISCOVERIES, {"reason": "monday", "seed": 3})
        again = pipeline.post(DISCOVERIES, {})
    assert (made.status_code, made.json()["settings"]) == (201, {"seed": 3})
    assert again.json()["id"] == made.json()["id"]
    assert sent == [(jobs.RUN_DISCOVERY, {"run_id": made.json()["id"]})]


def test_a_run_is_stored_while_the_broker_is_down(
    pipeline, pool, monkeypatch, django_capture_on_commit_callbacks
):
    def down(*args, **kwargs):
        raise OperationalError("Connection refused")

    monkeypatch.setattr(jobs, "send_now", down)
    with django_capture_on_commit_callbacks(execute=True):
        assert pipeline.post(DISCOVERIES, {}).status_code == 201
    assert DiscoveryRun.objects.get().state == Run.State.REQUESTED


def test_a_discovery_needs_a_classifier_and_a_pool(pipeline):
    assert refusal(pipeline.post(DISCOVERIES, {})) == (400, "no_active_classifier")
    make_version(1)
    assert refusal(pipeline.post(DISCOVERIES, {})) == (400, "pool_too_small")
    assert refusal(pipeline.post(DISCOVERIES, {"seed": -1})) == (400, "invalid")


def test_discoveries_are_listed_with_their_proposals(pipeline, django_assert_num_queries):
    proposals = [make_proposal() for _ in range(2)]
    with django_assert_num_queries(3):  # token, runs, proposals
        rows = pipeline.get(DISCOVERIES).json()["results"]
    assert [r["proposals"] for r in rows] == [[p.pk] for p in reversed(proposals)]
    one = pipeline.get(f"{DISCOVERIES}/{rows[0]['id']}").json()
    assert one == rows[0]
