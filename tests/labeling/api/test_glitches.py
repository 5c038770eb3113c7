"""Glitches: pushed one by one and read back."""

import io
import struct
import zlib

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from labeling.models import Consensus, Glitch, GoldLabel, Picture
from labeling.services.classes import freeze_class_list
from ml.pictures import MAX_BYTES
from tests.conftest import make_glitch, make_picture
from tests.labeling.api.conftest import make_version, predict, refusal

pytestmark = pytest.mark.django_db
GLITCHES = "/api/v1/glitches"


def picture(data: bytes | None = None, name: str = "any.png") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, make_picture(1) if data is None else data, "image/png")


def push(client, **fields):
    """Push a sound glitch but for the fields given; None takes a field out."""
    form = {"gravityspy_id": "abcdefghij", "ifo": "H1", "picture_4.0": picture()} | fields
    return client.post(
        GLITCHES, {k: v for k, v in form.items() if v is not None}, format="multipart"
    )


def bomb() -> bytes:
    """A PNG of some hundred bytes that says it is 40,000 x 40,000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checked = kind + data
        return struct.pack(">I", len(data)) + checked + struct.pack(">I", zlib.crc32(checked))

    header = struct.pack(">IIBBBBB", 40_000, 40_000, 8, 0, 0, 0, 0)
    idat = chunk(b"IDAT", zlib.compress(b"\x00" * 1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + idat + chunk(b"IEND", b"")


def gif() -> bytes:
    buffer = io.BytesIO()
    Image.new("L", (64, 64)).save(buffer, format="GIF")
    return buffer.getvalue()


def test_a_glitch_is_stored_with_all_that_was_sent(pipeline):
    fields = {"event_time": "1238166018.5", "peak_frequency": "120", "snr": "9.5"}
    response = push(
        pipeline, **fields, gold_label="Blip", is_simulated="true", **{"picture_0.5": picture()}
    )
    assert response.status_code == 201
    got = response.json()
    assert (got["gravityspy_id"], got["ifo"], got["level"]) == ("abcdefghij", "H1", None)
    assert (got["event_time"], got["peak_frequency"], got["snr"]) == (1238166018.5, 120, 9.5)
    assert (got["is_simulated"], got["is_reserved"]) == (True, False)
    assert got["gold"] == {"label": "Blip", "split": "train", "origin": "expert"}
    assert [p["duration"] for p in got["pictures"]] == [0.5, 4.0]
    assert pipeline.get(f"{GLITCHES}/abcdefghij").json() == got
    assert GoldLabel.objects.get().given_by == pipeline.user


def test_the_same_again_adds_nothing(pipeline):
    assert [push(pipeline).status_code for _ in range(2)] == [201, 200]
    assert (Glitch.objects.count(), Picture.objects.count()) == (1, 1)


def test_a_reserved_glitch_is_in_no_queue(pipeline):
    push(pipeline, is_reserved="true")
    assert Glitch.objects.get().workflow is None


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"picture_4.0": None}, 400, "no_picture"),
        ({"picture_4.0": picture(b"")}, 400, "invalid"),
        ({"picture_4.0": picture(make_picture(1)[:200])}, 400, "unreadable_picture"),
        ({"picture_4.0": picture(b"x" * 99)}, 400, "unsupported_picture_type"),
        ({"picture_4.0": picture(gif(), "spectrogram.png")}, 400, "unsupported_picture_type"),
        ({"picture_4.0": picture(bomb())}, 400, "picture_too_large"),
        ({"picture_4.0": picture(b"\x89PNG" + b"\0" * MAX_BYTES)}, 400, "picture_too_large"),
        ({"picture_4.0": picture(make_picture(1, (31, 64)))}, 400, "picture_too_small"),
        ({"picture_4.0": "no file"}, 400, "invalid"),
        ({"picture_3.0": picture()}, 400, "unknown_duration"),
        ({"picture": picture()}, 400, "unknown_duration"),
        ({"ifo": "K1"}, 400, "unknown_detector"),
        ({"ifo": "../H1"}, 400, "path_in_name"),
        ({"ifo": None}, 400, "invalid"),
        ({"gravityspy_id": "../../etc/"}, 400, "path_in_name"),
        ({"gravityspy_id": "..\\..\\boot"}, 400, "path_in_name"),
        ({"gravityspy_id": "short"}, 400, "bad_picture_name"),
        ({"gravityspy_id": "a" * 33}, 400, "invalid"),
        ({"gravityspy_id": "abcde\x00fghi"}, 400, "invalid"),
        ({"gold_label": "Unicorn"}, 400, "unknown_class"),
        ({"gold_label": "Blip", "is_reserved": "true"}, 403, "glitch_reserved"),
        ({"event_time": "nan"}, 400, "invalid"),
        ({"event_time": "-1"}, 400, "impossible_time"),
        ({"event_time": "1264785164190000000"}, 400, "impossible_time"),
        ({"event_time": "1e300"}, 400, "impossible_time"),
        ({"snr": "inf"}, 400, "invalid"),
        ({"peak_frequency": "loud"}, 400, "invalid"),
    ],
)
def test_a_bad_glitch_is_refused_and_nothing_is_half_done(pipeline, fields, status, code):
    for field in ("picture_4.0", "picture_3.0", "picture"):  # a parameter's file is read once a run
        if isinstance(fields.get(field), SimpleUploadedFile):
            fields[field].seek(0)
    assert refusal(push(pipeline, **fields)) == (status, code)
    assert not Glitch.objects.exists()
    assert not Picture.objects.exists()


def test_one_bad_picture_of_four_stores_none(pipeline, settings):
    assert refusal(push(pipeline, **{"picture_1.0": picture(b"x" * 99)})) == (
        400,
        "unsupported_picture_type",
    )
    assert not Glitch.objects.exists()
    assert not settings.PICTURES_FOLDER.exists()


@pytest.mark.parametrize(
    "fields", [{"picture_4.0": picture(make_picture(2))}, {"picture_1.0": picture()}, {"ifo": "L1"}]
)
def test_an_id_with_other_content_is_refused(pipeline, fields):
    push(pipeline)
    assert refusal(push(pipeline, **fields)) == (409, "duplicate_id")
    assert (Glitch.objects.get().ifo, Picture.objects.count()) == ("H1", 1)


def test_another_gold_label_is_refused(pipeline):
    push(pipeline, gold_label="Blip")
    assert refusal(push(pipeline, gold_label="Whistle")) == (409, "gold_exists")


def test_json_is_no_way_to_push_a_picture(pipeline):
    assert refusal(pipeline.post(GLITCHES, {"ifo": "H1"}))[0] == 415


@pytest.fixture
def some(taxonomy):
    """Four glitches: gold, settled by votes, open, reserved."""
    make_glitch(1, gold_label="Blip", event_time=100.0)
    settled = make_glitch(2, event_time=200.0)
    Consensus.objects.create(
        glitch=settled,
        class_list=freeze_class_list(["Blip", "Whistle"]),
        agreement=[0.02, 0.98],
        top_class=taxonomy["Whistle"],
        top_agreement=0.98,
        votes_count=3,
        rule="bayes",
    )
    settled.retired_at, settled.retire_reason = "2020-01-01T00:00Z", "consensus"
    settled.save()
    make_glitch(3, event_time=300.0)
    make_glitch(4, is_reserved=True)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, [1, 2, 3, 4]),
        ({"ifo": "H1"}, [1, 2, 3, 4]),
        ({"ifo": "L1"}, []),
        ({"label": "Blip"}, [1]),
        ({"label": "Whistle"}, [2]),
        ({"label": "Unicorn"}, []),
        ({"retired": "true"}, [2]),
        ({"retired": "false"}, [1, 3, 4]),
        ({"reason": "consensus"}, [2]),
        ({"level": 6}, [2, 3]),
        ({"after": 200}, [2, 3]),
        ({"before": 200}, [1]),
        ({"after": 100, "before": 300, "retired": "false"}, [1]),
        ({"reserved": "true"}, [4]),
    ],
)
def test_the_list_is_narrowed(pipeline, some, query, found):
    rows = pipeline.get(GLITCHES, query).json()["results"]
    assert [int(row["gravityspy_id"]) for row in rows] == found


@pytest.mark.parametrize(
    "query",
    [
        {"ifo": "K1"},
        {"reason": "boredom"},
        {"level": "x"},
        {"level": 10**20},
        {"retired": "maybe"},
        {"reserved": "no"},
        {"after": "nan"},
        {"label": "a\x00b"},
    ],
)
def test_a_bad_filter_is_refused(pipeline, query):
    assert refusal(pipeline.get(GLITCHES, query)) == (400, "invalid")


@pytest.mark.parametrize("cursor", ["x", "cD1hYmM=", "cD0xZTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk="])
def test_a_bad_cursor_is_refused(pipeline, cursor):
    assert refusal(pipeline.get(GLITCHES, {"cursor": cursor})) == (404, "not_found")


def test_pages_hold_every_glitch_once(pipeline):
    for number in range(1, 6):
        make_glitch(number)
    got, address = [], f"{GLITCHES}?limit=2"
    while address:
        page = pipeline.get(address).json()
        got.append([int(row["gravityspy_id"]) for row in page["results"]])
        address = page["next"]
        make_glitch(100 + len(got))  # written while we read: comes at the end, shifts nothing
        if len(got) == 3:
            break
    assert got == [[1, 2], [3, 4], [5, 101]]


def test_the_list_takes_as_many_queries_for_many_as_for_one(
    pipeline, some, django_assert_num_queries
):
    # Token, glitches (with level and consensus), pictures, gold labels.
    with django_assert_num_queries(4):
        assert len(pipeline.get(GLITCHES).json()["results"]) == 4
    with django_assert_num_queries(4):
        assert len(pipeline.get(GLITCHES, {"limit": 1}).json()["results"]) == 1


def test_one_glitch_shows_consensus_and_predictions(pipeline, some):
    glitch = Glitch.objects.get(gravityspy_id="0000000002")
    predict(make_version(1, state="replaced"), glitch, 0.6, 0.4)
    predict(make_version(2), glitch, 0.25, 0.75)
    got = pipeline.get(f"{GLITCHES}/0000000002").json()
    assert got["consensus"] == {
        "label": "Whistle",
        "agreement": 0.98,
        "votes": 3,
        "rule": "bayes",
        "model_version": None,
        "agreements": {"Blip": 0.02, "Whistle": 0.98},
    }
    assert (got["retire_reason"], got["gold"]) == ("consensus", None)
    assert [(p["model_version"], p["label"]) for p in got["predictions"]] == [
        (2, "Whistle"),
        (1, "Blip"),
    ]
    assert got["predictions"][0]["probabilities"] == {"Blip": 0.25, "Whistle": 0.75}


def test_predictions_say_whether_they_reach_the_threshold_of_their_class(pipeline, some):
    version = make_version(1, metrics={"thresholds": {"Blip": 0.8, "Whistle": None}})
    for glitch, p in zip(Glitch.objects.order_by("pk"), (0.8, 0.7, 0.1), strict=False):
        predict(version, glitch, p, 1 - p)
    rows = pipeline.get("/api/v1/predictions").json()["results"]
    assert [(r["label"], r["is_trusted"]) for r in rows] == [
        ("Blip", True),
        ("Blip", False),
        ("Whistle", None),
    ]


def test_predictions_are_listed_by_version_and_glitch(pipeline, some, django_assert_num_queries):
    first, second = make_version(1, state="replaced"), make_version(2)
    for glitch in Glitch.objects.order_by("pk"):
        predict(first, glitch, 0.9, 0.1)
        predict(second, glitch, 0.2, 0.8)

    def ask(**query):
        return pipeline.get("/api/v1/predictions", query).json()["results"]

    with django_assert_num_queries(2):  # token, predictions
        assert len(ask()) == 8
    assert {p["label"] for p in ask(version=2)} == {"Whistle"}
    (one,) = ask(version=1, gravityspy_id="0000000003")
    assert (one["label"], one["confidence"], one["novelty"]) == ("Blip", 0.9, None)
    assert [p["gravityspy_id"] for p in ask(version=2, reserved="true")] == ["0000000004"]
