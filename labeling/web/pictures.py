"""Pictures by their content: a name says what is in the file, so it may be kept for ever."""

from pathlib import Path

from django.http import FileResponse, Http404, HttpRequest, HttpResponseNotModified
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from labeling.services.storage import picture_path
from labeling.services.thumbnails import thumbnail_path

TYPES = {"png": "image/png", "jpg": "image/jpeg"}
FOR_EVER = "public, max-age=31536000, immutable"


@require_safe
def picture(request: HttpRequest, sha256: str, extension: str) -> HttpResponseBase:
    return _send(request, picture_path(sha256, extension), TYPES[extension], f'"{sha256}"')


@require_safe
def thumbnail(request: HttpRequest, sha256: str, extension: str) -> HttpResponseBase:
    """The spectrogram alone, small: contact sheets of sixty glitches stay light."""
    path = thumbnail_path(sha256, extension)
    if path is None:
        raise Http404(_("There is no such picture."))
    return _send(request, path, "image/webp", f'"{sha256}-thumbnail"')


def _send(request: HttpRequest, path: Path, content_type: str, etag: str) -> HttpResponseBase:
    headers = {"Cache-Control": FOR_EVER, "ETag": etag}
    if not path.is_file():
        raise Http404(_("There is no such picture."))
    if etag in request.headers.get("If-None-Match", ""):
        return HttpResponseNotModified(headers=headers)
    return FileResponse(path.open("rb"), content_type=content_type, headers=headers)
