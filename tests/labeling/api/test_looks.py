"""What is this glitch? Asked and answered over the API."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from labeling import jobs
from labeling.models import Glitch, Look, ModelVersion
from labeling.throttles import PostThrottle
from tests.conftest import make_glitch, make_picture
from tests.labeling.api.conftest import make_version, refusal

pytestmark = pytest.mark.django_db
LOOKS = "/api/v1/looks"


@pytest.fixture
def sent(monkeypatch) -> list:
    """The tasks that were sent."""
    sent: list = []
    monkeypatch.setattr(jobs, "send_now", lambda name, **ids: sent.append((name, ids)))
    return sent


@pytest.fixture
def two(taxonomy) -> tuple[ModelVersion, ModelVersion]:
    """Classifier 1 is in use, 2 was kept out."""
    return make_version(1), make_version(2, state="kept_out")


def upload(**fields):
    return {"picture_4.0": SimpleUploadedFile("a.png", make_picture(77), "image/png"), **fields}


def answered(look: Look, alike: Glitch) -> None:
    """What a worker would store."""
    Look.objects.filter(pk=look.pk).update(
        state="succeeded",
        probabilities=[["Blip", 0.9], ["Whistle", 0.1]],
        novelty=1.2,
        explained="Whistle",
        heat=[{"duration": 4.0, "name": "heat_4.0.png", "width": 64, "height": 48}],
        alike=[[alike.pk, 0.25]],
    )


def test_any_version_is_asked_about_any_class_of_a_glitch(
    pipeline, two, sent, django_capture_on_commit_callbacks
):
    """A pipeline reads all predictions, so also of a glitch that volunteers vote on."""
    glitch = make_glitch(1)
    asked = {"gravityspy_id": "0000000001", "version": 2, "label": "Whistle"}
    with django_capture_on_commit_callbacks(execute=True):
        first = pipeline.post(LOOKS, asked)
        again = pipeline.post(LOOKS, asked)
    assert (first.status_code, again.status_code) == (201, 201)
    look = Look.objects.get()
    assert (look.glitch, look.model_version, look.label) == (glitch, two[1], "Whistle")
    assert sent == [(jobs.LOOK, {"run_id": look.pk})]
    assert first.json()["key"] == again.json()["key"] == str(look.key)
    assert (first.json()["state"], first.json()["classes"]) == ("requested", [])


def test_the_answer_has_classes_heat_and_look_alikes(pipeline, two, sent):
    make_glitch(1)
    alike = make_glitch(2)
    Glitch.objects.filter(pk=alike.pk).update(
        retired_at=timezone.now(), retire_reason=Glitch.RetireReason.CONSENSUS
    )
    key = pipeline.post(LOOKS, {"gravityspy_id": "0000000001"}).json()["key"]
    answered(Look.objects.get(), alike)
    told = pipeline.get(f"{LOOKS}/{key}").json()
    assert (told["state"], told["version"], told["gravityspy_id"]) == ("succeeded", 1, "0000000001")
    assert told["classes"] == [
        {"label": "Blip", "probability": 0.9},
        {"label": "Whistle", "probability": 0.1},
    ]
    assert (told["novelty"], told["explained"]) == (1.2, "Whistle")
    heat = {"duration": 4.0, "url": f"/looks/{key}/heat_4.0.png", "width": 64, "height": 48}
    assert told["heat"] == [heat]
    assert [one["duration"] for one in told["pictures"]] == [4.0]
    assert told["alike"] == [{"gravityspy_id": "0000000002", "label": "", "distance": 0.25}]


def test_what_an_answer_lacks_it_names(pipeline, two, sent):
    make_glitch(1)
    key = pipeline.post(LOOKS, {"gravityspy_id": "0000000001"}).json()["key"]
    Look.objects.update(state="succeeded", no_alike="none_near", no_heat="nothing")
    told = pipeline.get(f"{LOOKS}/{key}").json()
    assert (told["alike"], told["no_alike"]) == ([], "none_near")
    assert (told["heat"], told["no_heat"]) == ([], "nothing")


def test_pictures_are_sent_as_a_form(pipeline, two, sent):
    told = pipeline.post(LOOKS, upload(version="2"), format="multipart")
    assert told.status_code == 201
    assert (told.json()["version"], told.json()["gravityspy_id"]) == (2, None)
    (picture,) = told.json()["pictures"]
    assert pipeline.get(picture["url"]).getvalue() == make_picture(77)


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        ({"gravityspy_id": "0000000001", "version": 9}, 404, "not_found"),
        ({"gravityspy_id": "0000000001", "label": "Tomte"}, 400, "unknown_label"),
        ({"gravityspy_id": "unknown001"}, 404, "not_found"),
        ({"gravityspy_id": "0000000001", "version": 0}, 400, "invalid"),
        ({}, 400, "invalid"),
        (upload(gravityspy_id="0000000001"), 400, "glitch_and_pictures"),
        ({"picture_3.0": upload()["picture_4.0"]}, 400, "unknown_duration"),
        ({"picture_1.0": SimpleUploadedFile("a.txt", b"no")}, 400, "unsupported_picture_type"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(pipeline, two, sent, data, status, code):
    make_glitch(1)
    sent_as = "multipart" if any("picture" in key for key in data) else "json"
    assert refusal(pipeline.post(LOOKS, data, format=sent_as)) == (status, code)
    assert not Look.objects.exists()


def test_without_a_classifier_in_use_one_is_named(pipeline, taxonomy, sent):
    make_glitch(1)
    asked = {"gravityspy_id": "0000000001"}
    assert refusal(pipeline.post(LOOKS, asked)) == (409, "no_active_classifier")


def test_a_flood_of_questions_is_throttled(pipeline, two, sent, monkeypatch):
    monkeypatch.setattr(PostThrottle, "THROTTLE_RATES", {"look": "1/hour"})
    make_glitch(1)
    answers = [pipeline.post(LOOKS, {"gravityspy_id": "0000000001"}) for _ in range(2)]
    assert [one.status_code for one in answers] == [201, 429]


def test_four_large_pictures_fit(pipeline):
    most = pipeline.generic("POST", LOOKS, b"", CONTENT_LENGTH=str(30 * 1024**2))
    assert most.status_code != 413
    more = pipeline.generic("POST", LOOKS, b"", CONTENT_LENGTH=str(40 * 1024**2))
    assert refusal(more) == (413, "request_too_large")
