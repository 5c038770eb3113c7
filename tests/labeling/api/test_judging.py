"""Evaluations, trials, drift and the way back: as reviewers have them on their pages."""

import pytest

from labeling import jobs
from labeling.models import AuditEvent, DriftCheck, EvaluationRun, ModelVersion, ShadowTrial
from labeling.services.judging import evaluate_version
from labeling.services.versions import activate_version
from labeling.throttles import PostThrottle
from tests.conftest import make_glitch
from tests.labeling.api.conftest import refusal
from tests.labeling.judging_world import make_classifier, make_gold, say, trained_on

pytestmark = pytest.mark.django_db
O3A = 1240000000.0
RUNS = "/api/v1/evaluation-runs"
EVALUATIONS, TRIALS, DRIFT, VERSIONS = (
    f"/api/v1/{noun}" for noun in ("evaluations", "shadow-trials", "drift-checks", "model-versions")
)


@pytest.fixture
def two(taxonomy) -> tuple[ModelVersion, ModelVersion]:
    """Classifier 1 in use, 2 kept out; four gold test glitches, of which 1 is right on three."""
    first, second = make_classifier(1), make_classifier(2, state="kept_out")
    blips, whistles = make_gold(0, "Blip", 2), make_gold(10, "Whistle", 2)
    say(first, blips, "Blip")
    say(first, whistles[:1], "Whistle")
    say(first, whistles[1:], "Blip")
    say(second, [*blips, *whistles], "Blip")
    return first, second


@pytest.fixture
def sent(monkeypatch) -> list:
    """The tasks that were sent."""
    sent: list = []
    monkeypatch.setattr(jobs, "send_now", lambda name, **ids: sent.append((name, ids)))
    return sent


def test_an_evaluation_is_asked_for(pipeline, two, sent, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        answer = pipeline.post(EVALUATIONS, {"version": 2, "against": 1})
    assert answer.status_code == 202
    told = answer.json()
    run = EvaluationRun.objects.get()
    assert (told["id"], told["state"], told["evaluation"]) == (run.pk, "requested", None)
    assert (told["version"], told["against"], told["in_time"]) == (2, 1, False)
    assert (run.model_version, run.against) == (two[1], two[0])
    assert sent == [(jobs.EVALUATE, {"run_id": run.pk})]
    assert AuditEvent.objects.get(verb="evaluate").actor == pipeline.user


def test_what_became_of_it_can_be_watched(pipeline, two, sent, django_assert_num_queries):
    number = pipeline.post(EVALUATIONS, {"version": 1}).json()["id"]
    assert pipeline.post(EVALUATIONS, {"version": 1}).json()["id"] == number
    other = pipeline.post(EVALUATIONS, {"version": 2}).json()["id"]
    EvaluationRun.objects.filter(pk=number).update(state="failed", error="why", error_code="so")
    told = pipeline.get(f"{RUNS}/{number}").json()
    assert (told["state"], told["error"], told["error_code"]) == ("failed", "why", "so")
    with django_assert_num_queries(2):  # token, runs
        listed = pipeline.get(RUNS).json()["results"]
    assert [row["id"] for row in listed] == [other, number]
    for narrowed in ({"state": "failed"}, {"version": 1}):
        assert pipeline.get(RUNS, narrowed).json()["results"] == [told]
    assert pipeline.post(EVALUATIONS, {"version": 1}).json()["id"] > other


def test_an_evaluation_is_cancelled_by_who_asked_for_it_once(pipeline, reviewer, two, sent):
    """A reviewer may any, a pipeline those of its own."""
    own = pipeline.post(EVALUATIONS, {"version": 1}).json()["id"]
    other = reviewer.post(EVALUATIONS, {"version": 2}).json()["id"]
    assert refusal(pipeline.post(f"{RUNS}/{other}/cancel")) == (403, "not_yours")
    for client, number in ((pipeline, own), (reviewer, other)):
        answer = client.post(f"{RUNS}/{number}/cancel")
        assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")
    assert refusal(pipeline.post(f"{RUNS}/{own}/cancel")) == (409, "run_ended")
    assert pipeline.post(EVALUATIONS, {"version": 1}).json()["id"] > other


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, "invalid"),
        ({"version": "two"}, 400, "invalid"),
        ({"version": 0}, 400, "invalid"),
        ({"version": 10**30}, 400, "invalid"),
        ({"version": 1, "against": 1}, 400, "against_itself"),
        ({"version": 9}, 404, "not_found"),
        ({"version": 1, "against": 9}, 404, "not_found"),
    ],
)
def test_an_evaluation_that_makes_no_sense_is_refused(pipeline, two, body, status, code):
    assert refusal(pipeline.post(EVALUATIONS, body)) == (status, code)
    assert not AuditEvent.objects.exists()


def test_without_gold_to_test_on_nothing_is_asked_of_a_worker(pipeline, taxonomy):
    make_classifier(1)
    assert refusal(pipeline.post(EVALUATIONS, {"version": 1})) == (400, "nothing_to_test")


def test_judging_in_time_is_asked_for_where_something_came_later(
    pipeline, two, sent, django_capture_on_commit_callbacks
):
    asked = {"version": 1, "in_time": True}
    assert refusal(pipeline.post(EVALUATIONS, asked)) == (400, "nothing_later")
    trained_on(two[0], make_glitch(40, event_time=O3A))
    say(two[0], make_gold(50, "Blip", 2, event_time=O3A + 100.0), "Blip")
    with django_capture_on_commit_callbacks(execute=True):
        assert pipeline.post(EVALUATIONS, asked).status_code == 202
    run = EvaluationRun.objects.get()
    assert (run.model_version, run.against, run.in_time) == (two[0], None, True)
    assert sent == [(jobs.EVALUATE, {"run_id": run.pk})]
    evaluate_version(two[0])
    evaluate_version(two[0], in_time=True)
    rows = pipeline.get(EVALUATIONS, {"in_time": "true"}).json()["results"]
    assert [(row["in_time"], row["count"]) for row in rows] == [(True, 2)]
    rows = pipeline.get(EVALUATIONS, {"in_time": "false"}).json()["results"]
    assert [(row["in_time"], row["count"]) for row in rows] == [(False, 6)]
    assert len(pipeline.get(EVALUATIONS, {"in_time": ""}).json()["results"]) == 2
    assert refusal(pipeline.get(EVALUATIONS, {"in_time": "yes"})) == (400, "invalid")


def test_a_flood_of_evaluations_is_throttled(pipeline, two, monkeypatch):
    monkeypatch.setattr(PostThrottle, "THROTTLE_RATES", {"judge": "2/hour"})
    answers = [pipeline.post(EVALUATIONS, {"version": 1}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [202, 202, 429]
    assert pipeline.get(EVALUATIONS).status_code == 200


def test_evaluations_are_listed_with_single_figures_and_one_has_all(
    pipeline, two, django_assert_num_queries
):
    first, second = two
    alone, compared = evaluate_version(first), evaluate_version(first, second)
    evaluate_version(second)
    with django_assert_num_queries(2):  # token, evaluations
        rows = pipeline.get(EVALUATIONS, {"version": 1}).json()["results"]
    assert [(r["id"], r["against"], r["count"], r["accuracy"]) for r in rows] == [
        (compared.pk, 2, 4, 0.75),
        (alone.pk, None, 4, 0.75),
    ]
    assert "figures" not in rows[0]
    page = pipeline.get(EVALUATIONS, {"limit": 2}).json()
    assert len(page["results"]) == 2
    assert [r["id"] for r in pipeline.get(page["next"]).json()["results"]] == [alone.pk]
    one = pipeline.get(f"{EVALUATIONS}/{compared.pk}").json()
    assert one["figures"]["intervals"]["accuracy"] == compared.figures["intervals"]["accuracy"]
    assert one["comparison"]["mcnemar"] == {"only_first": 1, "only_second": 0, "p": 1.0}
    assert pipeline.get(f"{EVALUATIONS}/{alone.pk}").json()["comparison"] is None
    assert refusal(pipeline.get(f"{EVALUATIONS}/{10**30}")) == (404, "not_found")
    assert refusal(pipeline.get(EVALUATIONS, {"version": "x"})) == (400, "invalid")


def test_a_trial_is_begun_watched_and_called_off_once(reviewer, pipeline, two):
    began = reviewer.post(TRIALS, {"version": 2})
    assert began.status_code == 201
    trial = began.json()
    told = (trial["state"], trial["version"], trial["beside"], trial["requested_by"])
    assert told == ("running", 2, 1, "rita")
    assert pipeline.get(TRIALS, {"state": "running"}).json()["results"] == [trial]
    assert refusal(reviewer.post(TRIALS, {"version": 2})) == (409, "shadow_under_way")
    one = f"{TRIALS}/{trial['id']}"
    ended = reviewer.post(f"{one}/call-off", {"reason": "not today"}).json()
    assert (ended["state"], ended["reason"]) == ("called_off", "Called off by rita: not today")
    assert pipeline.get(one).json() == ended
    assert refusal(reviewer.post(f"{one}/call-off")) == (409, "trial_ended")
    assert ModelVersion.objects.get(number=2).state == "kept_out"


def test_calling_off_an_earlier_trial_leaves_the_one_under_way(reviewer, two):
    make_classifier(3, state="kept_out")
    earlier = reviewer.post(TRIALS, {"version": 2}).json()
    reviewer.post(TRIALS, {"version": 3})
    address = f"{TRIALS}/{earlier['id']}/call-off"
    assert refusal(reviewer.post(address)) == (409, "trial_ended")
    states = dict(ShadowTrial.objects.values_list("candidate__number", "state"))
    assert states == {2: "called_off", 3: "running"}


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, "invalid"),
        ({"version": 1}, 400, "nothing_to_shadow"),
        ({"version": 9}, 404, "not_found"),
    ],
)
def test_a_trial_that_makes_no_sense_is_refused(reviewer, two, body, status, code):
    assert refusal(reviewer.post(TRIALS, body)) == (status, code)
    assert not ShadowTrial.objects.exists()


def test_one_request_rolls_back_and_the_same_again_does_not(reviewer, two):
    activate_version("classifier", 2, by=None)
    address = f"{VERSIONS}/classifier/2/roll-back"
    answer = reviewer.post(address, {"reason": "misses Whistles"})
    assert answer.status_code == 200
    told = answer.json()
    assert (told["number"], told["state"]) == (1, "active")
    assert told["decision_reason"] == "Rolled back to by rita: misses Whistles"
    assert refusal(reviewer.post(address)) == (409, "activation_conflict")
    first = f"{VERSIONS}/classifier/1/roll-back"
    assert refusal(reviewer.post(first)) == (409, "no_earlier_version")
    assert ModelVersion.objects.get(state="active").number == 1


def make_check(version: ModelVersion, week: int, *, is_alert: bool) -> DriftCheck:
    return DriftCheck.objects.create(
        model_version=version,
        week=week,
        glitches=60,
        glitches_before=240,
        measured={"classes": {"divergence": 0.3, "p": 0.001}, "confidence": None},
        is_alert=is_alert,
        words="The classes predicted moved." if is_alert else "As in the weeks before.",
    )


def test_drift_is_listed_and_an_alert_put_aside(reviewer, pipeline, two):
    quiet, alert = (make_check(two[0], n, is_alert=n == 2) for n in (1, 2))
    rows = pipeline.get(DRIFT).json()["results"]
    assert [(r["week"], r["version"], r["is_alert"]) for r in rows] == [(2, 1, True), (1, 1, False)]
    unseen = {"alert": "true", "seen": "false"}
    assert [r["id"] for r in pipeline.get(DRIFT, unseen).json()["results"]] == [alert.pk]
    assert reviewer.post(f"{DRIFT}/{alert.pk}/see").json()["seen_by"] == "rita"
    assert pipeline.get(DRIFT, unseen).json()["results"] == []
    assert pipeline.get(f"{DRIFT}/{alert.pk}").json()["measured"] == alert.measured
    assert refusal(reviewer.post(f"{DRIFT}/{quiet.pk}/see")) == (404, "not_found")
