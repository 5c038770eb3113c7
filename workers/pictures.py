"""The stored pictures of glitches, as the library wants them."""

from collections.abc import Iterable
from pathlib import Path

from labeling.models import Picture
from labeling.services.storage import path_of
from ml.vision.inputs.dataset import GlitchPictures


def glitch_pictures(glitch_ids: Iterable[int]) -> dict[int, GlitchPictures]:
    """Glitch id -> its files by duration; the library knows a glitch by this id as text."""
    files: dict[int, dict[float, Path]] = {}
    for picture in Picture.objects.filter(glitch_id__in=list(glitch_ids)).order_by("pk"):
        files.setdefault(picture.glitch_id, {})[float(picture.duration)] = path_of(picture)
    return {pk: GlitchPictures(str(pk), paths) for pk, paths in files.items()}
