"""How large a request may be, whoever sends it and before anything of it is read."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext_lazy as _

from ml.pictures import DURATIONS, MAX_BYTES

UPLOADS = "/api/v1/glitches"
LOOKS = {"/what-is-this/", "/api/v1/looks"}  # four pictures, and the form around them
LOOK_MAX_BYTES = len(DURATIONS) * MAX_BYTES + 64 * 1024
MESSAGE = _("The request holds too much. Send it in smaller parts.")


def _most_bytes(path: str) -> int:
    if path.startswith(UPLOADS):
        return int(settings.UPLOAD_MAX_BYTES)
    return LOOK_MAX_BYTES if path in LOOKS else int(settings.REQUEST_MAX_BYTES)


class BodyLimitMiddleware:
    """Refuse by the announced length: checking a form's CSRF token alone would store its files."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        most = _most_bytes(request.path)
        length = request.META.get("CONTENT_LENGTH") or "0"
        if length.isdecimal() and int(length) <= most:
            return self.get_response(request)
        if request.path.startswith("/api/"):
            error = {"code": "request_too_large", "message": str(MESSAGE), "data": {"most": most}}
            return JsonResponse({"error": error}, status=413)
        return HttpResponse(str(MESSAGE), status=413, content_type="text/plain")
