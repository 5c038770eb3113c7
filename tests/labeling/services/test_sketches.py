"""Pictures of before sketches get theirs, a batch at a time, the unreadable once."""

import pytest

from labeling.models import Picture
from labeling.services.sketches import sketch_some_pictures
from labeling.services.storage import picture_path
from ml.sketch import BITS
from tests.conftest import make_glitch

pytestmark = pytest.mark.django_db


def test_old_pictures_are_sketched_until_none_is_left(taxonomy):
    pictures = [make_glitch(number).pictures.get() for number in range(3)]
    made = [picture.sketch for picture in pictures]
    assert len(set(made)) == 3
    Picture.objects.update(sketch=None)
    picture_path(pictures[1].sha256, "png").unlink()
    assert [sketch_some_pictures(limit=2) for _ in range(3)] == [2, 1, 0]
    kept = list(Picture.objects.order_by("pk").values_list("sketch", flat=True))
    assert kept == [made[0], "0" * BITS, made[2]]
