"""Content-addressed files: the name of a picture is the SHA-256 of its bytes."""

import hashlib
import logging
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _

from labeling.errors import UnavailableError
from labeling.models import Picture

log = logging.getLogger(__name__)


def picture_path(sha256: str, extension: str) -> Path:
    return Path(settings.PICTURES_FOLDER) / sha256[:2] / f"{sha256}.{extension}"


def path_of(picture: Picture) -> Path:
    return picture_path(picture.sha256, picture.extension)


@contextmanager
def writing_files() -> Iterator[None]:
    """Around what writes files: UnavailableError ``no_room`` where the disk is full or refuses."""
    try:
        yield
    except OSError as error:
        log.error("A file could not be written: %s", error)
        raise UnavailableError(
            _(
                "This site cannot store files just now: its disk is full or refuses them. Nothing "
                "was kept; try again later, or tell whoever runs this site."
            ),
            code="no_room",
        ) from error


def write_whole(path: Path, data: bytes) -> None:
    """Write a file that appears whole or not at all: beside its place, synced and renamed.

    Raises UnavailableError ``no_room``.
    """
    with writing_files():
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            part = Path(file.name)
            try:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
                part.chmod(0o644)
                part.replace(path)
            except OSError:
                part.unlink(missing_ok=True)  # a full disk has no room for halves
                raise


def store_picture(data: bytes, extension: str) -> str:
    """Store the bytes and return their SHA-256; the same bytes again write nothing.

    A file whose glitch was never committed is harmless: the next import of it finds it. Raises
    UnavailableError ``no_room``.
    """
    sha256 = hashlib.sha256(data).hexdigest()
    path = picture_path(sha256, extension)
    if path.exists():
        return sha256
    write_whole(path, data)
    return sha256
