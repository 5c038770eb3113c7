"""Content-addressed files: the name of a picture is the SHA-256 of its bytes."""

import hashlib
import os
import tempfile
from pathlib import Path

from django.conf import settings

from labeling.models import Picture


def picture_path(sha256: str, extension: str) -> Path:
    return Path(settings.PICTURES_FOLDER) / sha256[:2] / f"{sha256}.{extension}"


def path_of(picture: Picture) -> Path:
    return picture_path(picture.sha256, picture.extension)


def store_picture(data: bytes, extension: str) -> str:
    """Store the bytes and return their SHA-256; the same bytes again write nothing.

    The file appears whole or not at all: it is written beside its place, synced and renamed. A
    file whose glitch was never committed is harmless: the next import of it finds it.
    """
    sha256 = hashlib.sha256(data).hexdigest()
    path = picture_path(sha256, extension)
    if path.exists():
        return sha256
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    Path(file.name).chmod(0o644)
    Path(file.name).replace(path)
    return sha256
