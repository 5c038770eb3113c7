"""Sketches of the pictures that were stored before sketches were made."""

import logging

from django.db import transaction

from labeling.models import Picture
from labeling.services.storage import path_of
from ml.pictures import PictureError, check_picture
from ml.sketch import BITS

log = logging.getLogger(__name__)

AT_ONCE = 500  # some seconds of work


def sketch_some_pictures(limit: int = AT_ONCE) -> int:
    """Sketch at most ``limit`` pictures, the newest first; returns how many.

    What is no picture, or is gone, is nobody's copy: it gets a flat sketch, and is not tried again.
    What only cannot be read just now is passed over, and left for another time.
    """
    done, last = _sketch_batch(limit, None)
    while last is not None and not done:
        done, last = _sketch_batch(limit, last)
    return done


@transaction.atomic
def _sketch_batch(limit: int, below: int | None) -> tuple[int, int | None]:
    """How many of the next ones under an id were sketched, and the last one's id: None at the end.

    Two sweeps at once take different ones.
    """
    due = Picture.objects.filter(sketch__isnull=True).order_by("-id")
    if below is not None:
        due = due.filter(pk__lt=below)
    tried = list(due.select_for_update(no_key=True, skip_locked=True)[:limit])
    for picture in tried:
        picture.sketch = _sketch(picture)
    sketched = [picture for picture in tried if picture.sketch is not None]
    Picture.objects.bulk_update(sketched, ["sketch"])
    if len(sketched) < len(tried):
        log.warning("%d pictures cannot be read just now", len(tried) - len(sketched))
    return len(sketched), tried[-1].pk if tried else None


def _sketch(picture: Picture) -> str | None:
    """None where the file may be sound and only out of reach."""
    path = path_of(picture)
    try:
        return check_picture(path.read_bytes()).sketch
    except PictureError:
        return "0" * BITS
    except OSError as error:
        # Where its folder is gone too, so may be the volume that holds them all.
        gone = isinstance(error, FileNotFoundError) and path.parent.is_dir()
        return "0" * BITS if gone else None
