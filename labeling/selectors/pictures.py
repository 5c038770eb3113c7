"""Pictures as the API and the pages show them."""

from typing import Any

from labeling.models import Glitch, Picture


def picture_url(picture: Picture) -> str:
    """Where the site serves a picture; the name is its content, so it never goes stale."""
    return f"/pictures/{picture.sha256}.{picture.extension}"


def render_pictures(glitch: Glitch) -> list[dict[str, Any]]:
    """A glitch's pictures, the shortest duration (seconds) first; prefetch ``pictures``."""
    return [
        {
            "duration": float(picture.duration),
            "url": picture_url(picture),
            "width": picture.width,
            "height": picture.height,
        }
        for picture in sorted(glitch.pictures.all(), key=lambda p: p.duration)
    ]
