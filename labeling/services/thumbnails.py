"""Small copies of pictures, made when first asked for and kept in the cache folder."""

import io
from pathlib import Path

from django.conf import settings
from PIL import Image

from labeling.services.storage import picture_path, write_whole
from ml.axes import crop_axes

SIZE = (320, 268)
QUALITY = 82


def thumbnail_path(sha256: str, extension: str) -> Path | None:
    """The file of a picture's thumbnail (WebP, without axes); None where the picture is not there.

    Made twice at once it is written twice, each time whole: the later rename wins. Raises
    UnavailableError ``no_room``.
    """
    path = Path(settings.CACHE_FOLDER) / "thumbnails" / sha256[:2] / f"{sha256}.webp"
    if path.is_file():
        return path
    source = picture_path(sha256, extension)
    if not source.is_file():
        return None
    encoded = io.BytesIO()
    with Image.open(source) as image:
        small = crop_axes(image).convert("RGB")
        small.thumbnail(SIZE)
        small.save(encoded, format="WEBP", quality=QUALITY)
    write_whole(path, encoded.getvalue())
    return path
