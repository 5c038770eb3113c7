"""Model versions: listed, looked at, put back into use."""

import pytest

from labeling import jobs
from labeling.models import AuditEvent, ModelVersion, TrainingRun
from labeling.models.runs import Run
from tests.conftest import make_glitch
from tests.labeling.api.conftest import make_version, refusal

pytestmark = pytest.mark.django_db
VERSIONS = "/api/v1/model-versions"
METRICS = {"accuracy": 0.9, "macro_f1": 0.8, "confusion": [[3, 0], [1, 2]], "per_class": {}}


@pytest.fixture
def two(taxonomy):
    """Classifier 1 was replaced by 2, which a training made."""
    run = TrainingRun.objects.create(
        state=Run.State.SUCCEEDED, epochs=[{"epoch": 0, "loss": 1.5}], settings={"epochs": 1}
    )
    make_version(1, state="replaced", metrics=METRICS)
    make_version(2, training_run=run, metrics=METRICS, decision_reason="better by 2 %")


def states() -> dict[int, str]:
    return dict(ModelVersion.objects.values_list("number", "state"))


def test_versions_are_listed_with_their_figures_only(pipeline, two, django_assert_num_queries):
    make_version(1, role="embedding")
    with django_assert_num_queries(2):  # token, versions
        rows = pipeline.get(VERSIONS).json()["results"]
    assert [(r["role"], r["number"]) for r in rows] == [
        ("embedding", 1),
        ("classifier", 2),
        ("classifier", 1),
    ]
    assert rows[1]["metrics"] == {"accuracy": 0.9, "macro_f1": 0.8}
    assert rows[1]["classes"] == ["Blip", "Whistle"]
    assert len(pipeline.get(VERSIONS, {"role": "classifier"}).json()["results"]) == 2
    assert refusal(pipeline.get(VERSIONS, {"role": "oracle"})) == (400, "invalid")


def test_one_version_shows_all(pipeline, two):
    got = pipeline.get(f"{VERSIONS}/classifier/2").json()
    assert got["metrics"] == METRICS
    assert got["epochs"] == [{"epoch": 0, "loss": 1.5}]
    assert (got["state"], got["decision_reason"]) == ("active", "better by 2 %")
    assert pipeline.get(f"{VERSIONS}/classifier/1").json()["epochs"] == []
    assert refusal(pipeline.get(f"{VERSIONS}/classifier/{10**30}")) == (404, "not_found")


def test_glitches_that_were_left_out_are_named(pipeline, two):
    pk = make_glitch(7).pk
    row = {"glitch_id": str(pk), "code": "unreadable_picture", "reason": "It is cut."}
    ModelVersion.objects.filter(number=2).update(metrics={"skipped": [row], "untested": []})
    metrics = pipeline.get(f"{VERSIONS}/classifier/2").json()["metrics"]
    named = {"gravityspy_id": "0000000007", "code": "unreadable_picture", "reason": "It is cut."}
    assert metrics == {"skipped": [named], "untested": []}


def test_a_reviewer_goes_back_to_an_earlier_version(
    reviewer, two, monkeypatch, django_capture_on_commit_callbacks
):
    sent = []
    monkeypatch.setattr(jobs, "send_now", lambda name, **ids: sent.append((name, ids)))
    with django_capture_on_commit_callbacks(execute=True):
        got = reviewer.post(f"{VERSIONS}/classifier/1/activate", {"reason": "2 misses Whistle"})
    assert got.status_code == 200
    assert (got.json()["state"], got.json()["decision_reason"]) == (
        "active",
        "Activated by rita: 2 misses Whistle",
    )
    assert states() == {1: "active", 2: "replaced"}
    first = ModelVersion.objects.get(number=1)
    assert sent == [(jobs.SCORE_GLITCHES, {"version_id": first.pk})]
    deed = AuditEvent.objects.get(verb="activate")
    assert (deed.actor, deed.target) == (reviewer.user, "classifier 1")


def test_the_version_in_use_again_changes_nothing(reviewer, two):
    assert reviewer.post(f"{VERSIONS}/classifier/2/activate").status_code == 200
    assert states() == {1: "replaced", 2: "active"}
    assert not AuditEvent.objects.exists()


def test_a_version_that_is_not_there_cannot_be_activated(reviewer, two):
    assert refusal(reviewer.post(f"{VERSIONS}/classifier/3/activate")) == (404, "not_found")
    assert states() == {1: "replaced", 2: "active"}
