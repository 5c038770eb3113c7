"""Pictures as the API and the pages show them."""

from collections.abc import Mapping, Sequence
from typing import Any

from labeling.models import Glitch


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
