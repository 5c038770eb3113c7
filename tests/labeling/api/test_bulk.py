"""Glitches pushed many at once: the sound ones are imported, the bad ones listed."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from labeling.models import Glitch, Picture
from tests.conftest import make_picture
from tests.labeling.api.conftest import refusal

pytestmark = pytest.mark.django_db
BULK = "/api/v1/glitches/bulk"


def name_of(number: int, duration: object = 4.0, ifo: str = "H1") -> str:
    return f"{ifo}_{number:010d}_spectrogram_{duration}.png"


def push(client, *files: tuple[str, bytes], **fields: str):
    """Written by hand, because the test client cuts paths off the names."""
    parts = [(f'name="{field}"', value.encode()) for field, value in fields.items()]
    parts += [(f'name="files"; filename="{name}"', data) for name, data in files]
    body = b"".join(
        f"--frontier\r\nContent-Disposition: form-data; {head}\r\n\r\n".encode() + data + b"\r\n"
        for head, data in parts
    )
    kind = "multipart/form-data; boundary=frontier"
    return client.generic("POST", BULK, body + b"--frontier--\r\n", content_type=kind)


@pytest.mark.parametrize("bulk", [True, False])
def test_a_disk_that_takes_no_files_is_told_and_no_glitch_blamed(pipeline, settings, bulk):
    settings.PICTURES_FOLDER.write_text("a file where the folder should be")
    if bulk:
        answer = push(pipeline, (name_of(1), make_picture(1)), (name_of(2), make_picture(2)))
    else:
        file = SimpleUploadedFile("a.png", make_picture(1))
        sent = {"gravityspy_id": "0000000001", "ifo": "H1", "picture_4.0": file}
        answer = pipeline.post("/api/v1/glitches", sent, format="multipart")
    assert refusal(answer) == (503, "no_room")
    assert not Glitch.objects.exists()


def test_many_are_imported_by_their_names(pipeline):
    facts = [{"gravityspy_id": "0000000001", "event_time": 5.5, "gold_label": "Blip"}]
    files = [(name_of(1, d), make_picture(1)) for d in (0.5, 1.0, 2.0, 4.0)]
    files.append((name_of(2, ifo="L1"), make_picture(2)))
    got = push(pipeline, *files, metadata=json.dumps(facts))
    assert got.status_code == 200
    assert got.json() == {"imported": 2, "unchanged": 0, "bad": []}
    first, second = Glitch.objects.order_by("gravityspy_id")
    assert (first.pictures.count(), first.event_time) == (4, 5.5)
    assert first.gold_labels.get().glitch_class.label == "Blip"
    assert (second.ifo, second.event_time) == ("L1", None)
    again = push(pipeline, *files, metadata=json.dumps(facts))
    assert again.json() == {"imported": 0, "unchanged": 2, "bad": []}


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("H1_0000000009_spectrogram_4.0.jpg", "wrong_extension"),
        ("notes.txt", "wrong_extension"),
        ("H1_short_spectrogram_4.0.png", "bad_picture_name"),
        ("K1_0000000009_spectrogram_4.0.png", "unknown_detector"),
        ("H1_0000000009_spectrogram_3.0.png", "unknown_duration"),
        ("../H1_0000000009_spectrogram_4.0.png", "path_in_name"),
        ("/etc/H1_0000000009_spectrogram_4.0.png", "path_in_name"),
        ("..\\\\H1_0000000009_spectrogram_4.0.png", "path_in_name"),
        ("&#46;&#46;&#47;H1_0000000009_spectrogram_4.0.png", "path_in_name"),
    ],
)
def test_a_bad_name_is_listed_and_the_others_go_on(pipeline, name, code):
    got = push(pipeline, (name, make_picture(9)), (name_of(1), make_picture(1))).json()
    assert (got["imported"], [bad["code"] for bad in got["bad"]]) == (1, [code])
    assert Glitch.objects.get().gravityspy_id == "0000000001"


def test_bad_content_is_listed_and_the_others_go_on(pipeline):
    push(pipeline, (name_of(3), make_picture(3)))
    got = push(
        pipeline,
        (name_of(1), make_picture(1)),
        (name_of(2), make_picture(2)[:100]),
        (name_of(3), make_picture(33)),
        (name_of(4, 4.0), make_picture(4)),
        (name_of(4, 0.5), b"no picture at all"),
    ).json()
    assert (got["imported"], got["unchanged"]) == (1, 0)
    assert sorted(bad["code"] for bad in got["bad"]) == [
        "duplicate_id",
        "unreadable_picture",
        "unsupported_picture_type",
    ]
    # Glitch 4 is not stored with the half of its pictures that were sound.
    assert set(Glitch.objects.values_list("gravityspy_id", flat=True)) == {
        "0000000001",
        "0000000003",
    }
    assert Picture.objects.count() == 2


def test_a_picture_sent_twice_and_facts_of_nothing_are_listed(pipeline):
    facts = [{"gravityspy_id": "0000000007"}]
    got = push(
        pipeline,
        (name_of(1), make_picture(1)),
        (name_of(1), make_picture(2)),
        metadata=json.dumps(facts),
    ).json()
    assert got["imported"] == 1
    assert {bad["code"] for bad in got["bad"]} == {"picture_sent_twice", "no_picture"}


@pytest.mark.parametrize(
    "metadata",
    ["{", "{}", "7", '[{"event_time": 1}]', '[{"gravityspy_id": "0000000001", "snr": NaN}]'],
)
def test_bad_metadata_stop_the_import_before_it_begins(pipeline, metadata):
    response = push(pipeline, (name_of(1), make_picture(1)), metadata=metadata)
    assert refusal(response) == (400, "invalid")
    assert not Glitch.objects.exists()


def test_an_empty_push_is_refused(pipeline):
    assert refusal(pipeline.post(BULK, {}, format="multipart")) == (400, "no_picture")


def test_too_many_files_are_refused_before_any_is_stored(pipeline, settings):
    settings.DATA_UPLOAD_MAX_NUMBER_FILES = 2
    files = [(name_of(n), make_picture(n)) for n in (1, 2, 3)]
    assert refusal(push(pipeline, *files)) == (413, "request_too_large")
    assert not Glitch.objects.exists()
