"""Pictures of before sketches get theirs, a batch at a time, the unreadable once."""

import threading
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection, transaction

from labeling.models import Picture
from labeling.services.classes import load_gravity_spy
from labeling.services.sketches import sketch_some_pictures
from labeling.services.storage import path_of
from ml.sketch import BITS
from tests.conftest import make_glitch

pytestmark = pytest.mark.django_db
FLAT = "0" * BITS


def old_pictures(count: int) -> tuple[list[Picture], list[str | None]]:
    """Pictures without a sketch, the oldest first, and the sketches that are due to them."""
    pictures = [make_glitch(number).pictures.get() for number in range(count)]
    Picture.objects.update(sketch=None)
    return pictures, [picture.sketch for picture in pictures]


def kept() -> list[str | None]:
    return list(Picture.objects.order_by("pk").values_list("sketch", flat=True))


def test_old_pictures_are_sketched_until_none_is_left(taxonomy):
    pictures, made = old_pictures(4)
    assert len(set(made)) == 4
    path_of(pictures[1]).unlink()
    path_of(pictures[2]).write_bytes(b"no picture")
    assert [sketch_some_pictures(limit=2) for _ in range(3)] == [2, 2, 0]
    assert kept() == [made[0], FLAT, FLAT, made[3]]


def test_an_absent_volume_makes_no_picture_nobodys_copy(taxonomy):
    _, made = old_pictures(3)
    volume = Path(settings.PICTURES_FOLDER)
    away = volume.rename(volume.with_name("away"))
    for empty in (False, True):  # no folder at all, and the place where the volume is to be
        if empty:
            volume.mkdir()
        assert sketch_some_pictures(limit=2) == 0
        assert kept() == [None] * 3
    volume.rmdir()
    away.rename(volume)
    assert [sketch_some_pictures(limit=2) for _ in range(3)] == [2, 1, 0]
    assert kept() == made


def test_what_cannot_be_read_just_now_does_not_stand_in_the_way(taxonomy):
    pictures, made = old_pictures(4)
    for picture in pictures[2:]:  # the newest
        path_of(picture).unlink()
        path_of(picture).mkdir()  # an OSError, whoever asks
    assert [sketch_some_pictures(limit=2) for _ in range(2)] == [2, 0]
    assert kept() == [*made[:2], None, None]


@pytest.mark.django_db(transaction=True)
def test_two_sweeps_do_not_do_the_same_work():
    load_gravity_spy()
    pictures, made = old_pictures(3)
    others: list[int] = []

    def sweep() -> None:
        try:
            others.append(sketch_some_pictures())
        finally:
            connection.close()

    other = threading.Thread(target=sweep)
    with transaction.atomic():
        Picture.objects.select_for_update(no_key=True).get(pk=pictures[1].pk)  # as a sweep holds it
        other.start()
        other.join(60)
        assert others == [2]
        assert kept() == [made[0], None, made[2]]
    assert sketch_some_pictures() == 1
