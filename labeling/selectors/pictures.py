"""Pictures as the API and the pages show them."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection, transaction
from pgvector.django import HammingDistance

from labeling.models import Glitch, Picture
from ml.sketch import COPY, tells_apart

NEAREST = 10  # pictures: of a copy there are one or two


def picture_url(sha256: str, extension: str) -> str:
    """Where the site serves a picture; the name is its content, so it never goes stale."""
    return f"/pictures/{sha256}.{extension}"


def render_pictures(glitch: Glitch) -> list[dict[str, Any]]:
    """A glitch's pictures, the shortest duration (seconds) first; prefetch ``pictures``."""
    rows = sorted(glitch.pictures.all(), key=lambda p: p.duration)
    return render_picture_rows([vars(picture) for picture in rows])


def render_picture_rows(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Pictures given as their columns."""
    return [
        {
            "duration": float(row["duration"]),
            "url": picture_url(row["sha256"], row["extension"]),
            "width": row["width"],
            "height": row["height"],
        }
        for row in rows
    ]


def copied_glitches(sha256: str, sketch: str) -> list[Glitch]:
    """The glitches of which this is a picture, or a copy saved anew, resized or in grey.

    The index gives the nearest sketches without reading the table; searched this widely it found
    299 of 300 copies, the sketches being of chance, where by its default 242.
    """
    stored = Picture.objects.select_related("glitch")
    found = list(stored.filter(sha256=sha256))
    if tells_apart(sketch):
        near = stored.filter(sketch__isnull=False)
        near = near.annotate(apart=HammingDistance("sketch", sketch)).order_by("apart")
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL hnsw.ef_search = 200")
            found += [picture for picture in near[:NEAREST] if picture.apart <= COPY]
    return [picture.glitch for picture in found]
