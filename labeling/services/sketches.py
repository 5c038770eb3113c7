"""Sketches of the pictures that were stored before sketches were made."""

from labeling.models import Picture
from labeling.services.storage import picture_path
from ml.pictures import PictureError, check_picture
from ml.sketch import BITS

AT_ONCE = 500  # some seconds of work


def sketch_some_pictures(limit: int = AT_ONCE) -> int:
    """Sketch at most ``limit`` pictures, the newest first; returns how many.

    What cannot be read is nobody's copy: it gets a flat sketch, and is not tried again.
    """
    some = list(Picture.objects.filter(sketch__isnull=True).order_by("-id")[:limit])
    for picture in some:
        picture.sketch = _sketch(picture)
    Picture.objects.bulk_update(some, ["sketch"])
    return len(some)


def _sketch(picture: Picture) -> str:
    try:
        return check_picture(picture_path(picture.sha256, picture.extension).read_bytes()).sketch
    except (OSError, PictureError):
        return "0" * BITS
