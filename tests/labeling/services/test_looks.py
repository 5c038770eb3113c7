"""Looks: pictures checked, votes not led, everything deleted after its time."""

import io
import os
from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone
from PIL import Image

from labeling.errors import LabelingError, UnavailableError
from labeling.models import Embedding, Glitch, GoldLabel, Look, ModelVersion
from labeling.models.runs import Run
from labeling.selectors.looks import may_look_at, nearest_glitches
from labeling.services import looks
from labeling.services.imports import NewGlitch, import_glitch
from labeling.services.looks import (
    delete_expired_looks,
    look_folder,
    request_look,
    request_look_at,
)
from tests.conftest import make_glitch, make_picture, make_volunteer
from tests.labeling.web.worlds import make_version

pytestmark = pytest.mark.django_db


def photograph() -> bytes:
    """Any colours at random."""
    colours = np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(colours).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def version(taxonomy) -> ModelVersion:
    return make_version(1, "active")


def settled(number) -> Glitch:
    glitch = make_glitch(number)
    glitch.retired_at, glitch.retire_reason = timezone.now(), Glitch.RetireReason.CONSENSUS
    glitch.save()
    return glitch


def test_pictures_are_kept_with_the_question(version):
    look = request_look({1.0: make_picture(7), 4.0: make_picture(8)}, by=None)
    assert [one["name"] for one in look.pictures] == ["picture_1.0.png", "picture_4.0.png"]
    assert (look_folder(look.key) / "picture_4.0.png").read_bytes() == make_picture(8)
    assert timedelta(hours=23) < look.expires_at - timezone.now() <= timedelta(hours=24)


def test_an_answer_that_is_there_is_given_however_many_wait(version, monkeypatch):
    known = request_look_at(settled(1), by=None)
    monkeypatch.setattr(looks, "MOST_WAITING", 1)
    assert request_look_at(known.glitch, by=None) == known
    for ask in (lambda: request_look_at(settled(2), by=None), lambda: send_picture(9)):
        with pytest.raises(UnavailableError) as refusal:
            ask()
        assert refusal.value.code == "too_many_looks"


def send_picture(seed: int) -> Look:
    return request_look({1.0: make_picture(seed)}, by=None)


def test_where_nothing_can_be_written_a_look_is_refused_and_leaves_nothing(version, settings):
    settings.LOOKS_FOLDER.write_text("a file where the folder should be")
    with pytest.raises(UnavailableError) as refusal:
        request_look({1.0: make_picture()}, by=None)
    assert refusal.value.code == "no_room"
    assert not Look.objects.exists()


@pytest.mark.parametrize(
    ("pictures", "code"),
    [
        ({}, "no_picture"),
        ({1.0: b""}, "empty_picture"),
        ({1.0: b"GIF89a"}, "unsupported_picture_type"),
        ({1.0: make_picture()[:150]}, "unreadable_picture"),
        ({1.0: make_picture(size=(20, 20))}, "picture_too_small"),
        ({1.0: b"\x89PNG" + b"\x00" * 9_000_000}, "picture_too_large"),
        ({1.0: make_picture(), 4.0: b"no"}, "unsupported_picture_type"),
        ({1.0: photograph()}, "no_spectrogram"),
    ],
)
def test_a_bad_picture_is_named_and_nothing_is_kept(version, settings, pictures, code):
    with pytest.raises(LabelingError) as refusal:
        request_look(pictures, by=None)
    assert refusal.value.code == code
    assert not Look.objects.exists()
    assert not settings.LOOKS_FOLDER.exists()


def test_without_a_classifier_there_is_no_answer(taxonomy):
    with pytest.raises(LabelingError, match="first training"):
        request_look({1.0: make_picture()}, by=None)


def test_a_glitch_in_vote_is_not_told_about_even_by_a_copy_of_its_picture(version):
    glitch = make_glitch(5)  # its picture is make_picture(5)
    for ask in (
        lambda: request_look_at(glitch, by=None),
        lambda: request_look({4.0: make_picture(5)}, by=make_volunteer()),
    ):
        with pytest.raises(LabelingError) as refusal:
            ask()
        assert refusal.value.code == "still_in_vote"
    assert request_look_at(glitch, by=make_volunteer("rosa", role="reviewer")).glitch == glitch


def copies(picture: bytes) -> list[bytes]:
    """Saved anew, larger, as a JPEG."""
    made = []
    for size, kind in (((64, 48), "PNG"), ((200, 150), "PNG"), ((128, 96), "JPEG")):
        with Image.open(io.BytesIO(picture)) as image:
            file = io.BytesIO()
            image.convert("L").resize(size).save(file, kind, compress_level=1, quality=60)
        made.append(file.getvalue())
    return made


def test_nor_by_a_copy_that_was_saved_anew(version):
    glitch = make_glitch(5)
    for number in range(6, 20):
        make_glitch(number)
    ada = make_volunteer()
    for copy in copies(make_picture(5)):
        with pytest.raises(LabelingError) as refusal:
            request_look({1.0: copy}, by=ada)
        assert refusal.value.code == "still_in_vote"
    Glitch.objects.filter(pk=glitch.pk).update(retired_at=timezone.now(), retire_reason="consensus")
    for copy in copies(make_picture(5)):
        assert request_look({1.0: copy}, by=None)


def test_a_flat_picture_is_no_copy_of_another(version):
    black = [Image.new("L", size) for size in ((64, 48), (80, 60))]
    files = [io.BytesIO() for _ in black]
    for image, file in zip(black, files, strict=True):
        image.save(file, "PNG")
    stored, sent = (file.getvalue() for file in files)
    import_glitch(NewGlitch("0000000001", "H1", {4.0: stored}), by=None)
    assert request_look({4.0: sent}, by=None)


def test_gold_is_told_about_only_where_it_is_shown(version):
    hidden, shown = make_glitch(1, gold_label="Blip"), make_glitch(2, gold_label="Blip")
    GoldLabel.objects.update(is_shown=False)
    GoldLabel.objects.filter(glitch=shown).update(is_shown=True)
    assert (may_look_at(None, hidden), may_look_at(None, shown)) == (False, True)
    assert may_look_at(None, settled(3))
    assert may_look_at(make_volunteer("omicron", role="pipeline"), hidden)
    assert not may_look_at(None, make_glitch(4, is_reserved=True))


def test_a_second_question_about_a_glitch_is_the_first(version):
    glitch = settled(1)
    first = request_look_at(glitch, by=None)
    assert request_look_at(glitch, by=None) == first
    Look.objects.update(state=Run.State.FAILED)
    assert request_look_at(glitch, by=None) != first


def test_of_each_version_and_class_there_is_one_look(version):
    other, glitch = make_version(2, "kept_out"), settled(1)
    likeliest = request_look_at(glitch, by=None)
    by_other = request_look_at(glitch, by=None, version=other)
    of_class = request_look_at(glitch, by=None, version=other, label="Whistle")
    assert len({likeliest, by_other, of_class}) == 3
    assert (by_other.model_version, by_other.label) == (other, "")
    assert (of_class.model_version, of_class.label) == (other, "Whistle")
    assert request_look_at(glitch, by=None, version=other, label="Whistle") == of_class


def test_a_class_that_the_version_does_not_know_is_refused(version):
    glitch = settled(1)
    for ask in (
        lambda: request_look_at(glitch, by=None, label="Tomte"),
        lambda: request_look({4.0: make_picture(9)}, by=None, version=version, label="Tomte"),
    ):
        with pytest.raises(LabelingError, match="classifier 1 knows no class Tomte") as refusal:
            ask()
        assert refusal.value.code == "unknown_label"
    assert not Look.objects.exists()


def test_a_version_out_of_use_answers_where_none_is_in_use(taxonomy):
    kept_out = make_version(1, "kept_out")
    assert request_look_at(settled(1), by=None, version=kept_out).model_version == kept_out


def test_too_many_waiting_are_refused(version, monkeypatch):
    monkeypatch.setattr(looks, "MOST_WAITING", 1)
    request_look({1.0: make_picture()}, by=None)
    with pytest.raises(LabelingError) as refusal:
        request_look({1.0: make_picture(1)}, by=None)
    assert (refusal.value.code, refusal.value.http_status) == ("too_many_looks", 503)


def test_what_is_over_its_time_is_deleted_with_its_files(version):
    kept = request_look({1.0: make_picture(1)}, by=None)
    gone = request_look({1.0: make_picture(2)}, by=None)
    Look.objects.filter(pk=gone.pk).update(expires_at=timezone.now())
    orphan = look_folder(kept.key).parent / "orphan"
    orphan.mkdir()
    os.utime(orphan, (0, 0))
    assert delete_expired_looks(timezone.now()) == 1
    assert [path.name for path in orphan.parent.iterdir()] == [str(kept.key)]
    assert Look.objects.get() == kept


def test_look_alikes_are_those_that_all_may_know_the_nearest_first(version):
    embedding = ModelVersion.objects.create(role="embedding", number=1, state="active")
    glitches = [settled(1), settled(2), make_glitch(3), settled(4)]
    for place, glitch in zip((3.0, 1.0, 0.0, 2.0), glitches, strict=True):
        vector = [place, *[0.0] * 199]
        Embedding.objects.create(glitch=glitch, model_version=embedding, vector=vector)
    found = nearest_glitches([0.0] * 200, embedding, besides=glitches[3].pk)
    assert [pk for pk, _ in found] == [glitches[1].pk, glitches[0].pk]
    assert [distance for _, distance in found] == pytest.approx([1.0, 3.0])
