"""The page "What is this glitch?", and what reviewers see of a glitch."""

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from labeling.models import Glitch, GlitchClass, Look, ModelVersion, Prediction
from labeling.models.runs import Run
from labeling.services.looks import look_folder, request_look_at
from tests.conftest import make_glitch, make_picture, make_volunteer
from tests.labeling.judging_world import say
from tests.labeling.web.worlds import make_version

pytestmark = pytest.mark.django_db
PAGE = "/what-is-this/"


@pytest.fixture(autouse=True)
def nobody_has_asked_yet():
    cache.clear()


@pytest.fixture
def version(taxonomy):
    return make_version(1, "active")


def upload(number=1, name="picture_4.0"):
    return {name: SimpleUploadedFile("a.png", make_picture(number), "image/png")}


def settled(number) -> Glitch:
    glitch = make_glitch(number)
    glitch.retired_at, glitch.retire_reason = timezone.now(), Glitch.RetireReason.CONSENSUS
    glitch.save()
    return glitch


def finish(look, **fields):
    done = {
        "state": Run.State.SUCCEEDED,
        "probabilities": [["Blip", 0.9], ["Whistle", 0.1]],
        "novelty": 0.5,
        "explained": "Blip",
        "heat": [{"duration": 4.0, "name": "heat_4.0.png", "width": 64, "height": 48}],
    }
    Look.objects.filter(pk=look.pk).update(**done | fields)


def test_a_stranger_asks_waits_and_reads_the_answer(client, version):
    assert client.get(PAGE).content.count(b'type="file"') == 4
    answer = client.post(PAGE, upload())
    look = Look.objects.get()
    assert answer["Location"] == f"{PAGE}{look.key}/"
    waiting = client.get(answer["Location"]).content.decode()
    assert "Waiting for a worker" in waiting
    assert 'hx-trigger="every 1s"' in waiting
    finish(look)
    page = client.get(answer["Location"]).content.decode()
    assert "90.0 %" in page
    assert f"/looks/{look.key}/heat_4.0.png" in page
    assert "hx-trigger" not in page
    part = client.get(answer["Location"], headers={"HX-Request": "true"}).content.decode()
    assert part.strip().startswith("<section")


def test_an_answer_is_not_shown_while_volunteers_are_asked_about_its_glitch(client, version):
    """It was settled when it was asked about, and went back into the vote (an audit, say)."""
    glitch = settled(1)
    look = request_look_at(glitch, by=None)
    finish(look)
    address = f"{PAGE}{look.key}/"
    assert "Blip" in client.get(address).content.decode()
    Glitch.objects.filter(pk=glitch.pk).update(retired_at=None, retire_reason="")
    refused = client.get(address)
    assert (refused.status_code, b"still_in_vote" in refused.content) == (403, True)
    assert b"Blip" not in refused.content
    reviewer = Client()
    reviewer.force_login(make_volunteer("rosa", role="reviewer"))
    assert reviewer.get(address).status_code == 200


def test_its_files_are_sent_and_nothing_else(client, version):
    client.post(PAGE, upload(3))
    key = Look.objects.get().key
    sent = client.get(f"/looks/{key}/picture_4.0.png")
    assert b"".join(sent.streaming_content) == make_picture(3)
    (look_folder(key) / "cache").mkdir()
    for name in ("cache", "heat_4.0.png", "..%2Fpicture_4.0.png", "picture_4.0.svg"):
        assert client.get(f"/looks/{key}/{name}").status_code == 404


def test_a_novel_glitch_is_said_to_be_novel(client, version):
    look = request_look_at(settled(1), by=None)
    finish(look, novelty=1.4)
    assert b"a class of its own" in client.get(f"{PAGE}{look.key}/").content


@pytest.mark.parametrize(
    ("why", "words"),
    [
        ("nothing", "Nothing here speaks for Blip, so there is no heat to show."),
        ("no_maps", "where it sees Blip is not known"),
    ],
)
def test_a_page_without_heat_says_why_instead_of_a_switch(client, version, why, words):
    look = request_look_at(settled(1), by=None)
    finish(look, heat=[], no_heat=why)
    page = client.get(f"{PAGE}{look.key}/").content.decode()
    assert words in page
    assert "heat-switch" not in page
    assert "not looked at" not in page


@pytest.mark.parametrize(
    ("why", "words"),
    [
        ("no_search", "they come with the next search for new classes"),
        ("none_near", "nothing near to it is among the glitches whose class everybody may know"),
        ("failed", "They could not be found, for a fault"),
    ],
)
def test_a_page_without_look_alikes_says_why(client, version, why, words):
    look = request_look_at(settled(1), by=None)
    finish(look, no_alike=why)
    assert words in client.get(f"{PAGE}{look.key}/").content.decode()


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        ({}, 400, "no_picture"),
        ({"glitch": "../etc"}, 400, "bad_id"),
        ({"glitch": "unknown001"}, 404, "not_found"),
        ({"glitch": "0000000009"}, 403, "still_in_vote"),
        ({"picture_1.0": SimpleUploadedFile("a.txt", b"hello")}, 400, "unsupported_picture_type"),
        (
            {"picture_0.5": SimpleUploadedFile("L1_a1B2c3D4e5_spectrogram_1.0.png", b"any")},
            400,
            "wrong_duration",
        ),
        (upload(1, "picture_1.0") | upload(1, "picture_4.0"), 400, "same_picture"),
    ],
)
def test_a_refusal_stands_on_the_form(client, version, data, status, code):
    make_glitch(9)
    answer = client.post(PAGE, data)
    assert answer.status_code == status
    assert f"<code>{code}</code>" in answer.content.decode()
    assert not Look.objects.exists()


def test_a_failed_look_says_why(client, version):
    look = request_look_at(settled(1), by=None)
    finish(look, state=Run.State.FAILED, error="It went.", error_code="gone", heat=[])
    assert "It went. <code>gone</code>" in client.get(f"{PAGE}{look.key}/").content.decode()


def test_a_question_after_its_time_is_not_found(client, version):
    address = f"{PAGE}00000000-0000-4000-8000-000000000000/"
    assert client.get(address).status_code == 404


def test_questions_are_throttled(client, version):
    answers = [client.post(PAGE, upload(n)).status_code for n in range(11)]
    assert answers == [302] * 10 + [429]


def test_four_large_pictures_fit_and_more_is_refused(client, version):
    too_much = client.generic("POST", PAGE, b"", CONTENT_LENGTH=str(40 * 1024**2))
    assert too_much.status_code == 413
    much = client.generic("POST", PAGE, b"", CONTENT_LENGTH=str(30 * 1024**2))
    assert much.status_code != 413


ASK = "What does the classifier say?"


def test_a_glitch_that_all_may_know_has_a_button_that_asks(as_volunteer, version):
    glitch = settled(1)
    page = as_volunteer.get(f"/glitches/{glitch.gravityspy_id}/").content.decode()
    assert ASK in page
    assert f'name="glitch" value="{glitch.gravityspy_id}"' in page
    asked = as_volunteer.post(PAGE, {"glitch": glitch.gravityspy_id})
    assert asked["Location"] == f"{PAGE}{Look.objects.get().key}/"
    in_vote = make_glitch(2)
    assert ASK not in as_volunteer.get(f"/glitches/{in_vote.gravityspy_id}/").content.decode()


def test_the_field_guide_leads_to_the_question(client, version):
    example = make_glitch(1, gold_label="Blip")
    link = f'href="{PAGE}?glitch={example.gravityspy_id}"'
    assert link in client.get("/classes/").content.decode()
    form = client.get(f"{PAGE}?glitch={example.gravityspy_id}").content.decode()
    assert f'value="{example.gravityspy_id}"' in form
    assert client.post(PAGE, {"glitch": example.gravityspy_id}).status_code == 302
    ModelVersion.objects.update(state="replaced")
    assert link not in client.get("/classes/").content.decode()


def test_without_a_classifier_no_page_offers_to_ask_one(as_volunteer, taxonomy):
    glitch = settled(1)
    assert ASK not in as_volunteer.get(f"/glitches/{glitch.gravityspy_id}/").content.decode()


def test_a_reviewer_sees_what_is_known_and_asks_for_the_heat(as_reviewer, version, taxonomy):
    glitch = make_glitch(1)
    Prediction.objects.create(
        glitch=glitch,
        model_version=version,
        probabilities=[0.75, 0.25],
        top_class=GlitchClass.objects.get(label="Blip"),
        confidence=0.75,
    )
    address = f"/review/glitches/{glitch.gravityspy_id}/"
    assert "75.0 %" in as_reviewer.get(address).content.decode()
    as_reviewer.post(f"{address}explain/")
    finish(Look.objects.get())
    page = as_reviewer.get(address).content.decode()
    assert "heat_4.0.png" in page
    assert 'class="heat-switch"' in page


def test_a_reviewer_asks_any_version_about_any_class(as_reviewer, version):
    """Version 2 was kept out: what made it say Whistle is what one wants to see."""
    kept_out, glitch = make_version(2, "kept_out"), make_glitch(1)
    for one, label in ((version, "Blip"), (kept_out, "Whistle")):
        say(one, [glitch], label)
    address = f"/review/glitches/{glitch.gravityspy_id}/"
    page = as_reviewer.get(address).content.decode()
    assert "Show where classifier 1 sees it" in page
    assert "Show where classifier 2 sees it" in page
    asked = as_reviewer.post(f"{address}explain/", {"version": "2"})
    assert asked["Location"] == f"{address}?version=2"
    asked = as_reviewer.post(f"{address}explain/", {"version": "2", "label": "Blip"})
    assert asked["Location"] == f"{address}?version=2&label=Blip"
    finish(Look.objects.get(model_version=kept_out, label="Blip"))
    assert "heat_4.0.png" in as_reviewer.get(asked["Location"]).content.decode()
    assert "Waiting for a worker" in as_reviewer.get(f"{address}?version=2").content.decode()
    assert "Show what classifier 1 sees" in as_reviewer.get(address).content.decode()


@pytest.mark.parametrize("version_asked", ["9", "two", "9" * 30])
def test_a_version_that_is_not_there_is_refused(as_reviewer, version, version_asked):
    address = f"/review/glitches/{make_glitch(1).gravityspy_id}/"
    assert as_reviewer.get(f"{address}?version={version_asked}").status_code == 404
    sent = {"version": version_asked}
    page = as_reviewer.post(f"{address}explain/", sent, follow=True).content.decode()
    assert "There is no classifier version" in page
    assert not Look.objects.exists()


def test_a_volunteer_does_not_see_what_is_known(version):
    glitch = make_glitch(1)
    client = Client()
    client.force_login(make_volunteer("eve"))
    assert client.get(f"/review/glitches/{glitch.gravityspy_id}/").status_code == 403
    assert "/review/" not in client.get(f"/glitches/{glitch.gravityspy_id}/").content.decode()
