"""How large a request may be, whoever sends it and before anything of it is read."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext_lazy as _

from ml.pictures import DURATIONS, MAX_BYTES

UPLOADS = "/api/v1/glitches"
LOOKS = {"/what-is-this/", "/api/v1/looks"}  # four pictures, and the form around them
LOOK_MAX_BYTES = len(DURATIONS) * MAX_BYTES + 64 * 1024
TOO_LARGE = _("The request holds too much. Send it in smaller parts.")
NO_LENGTH = _(
    "The request does not say how long it is (Transfer-Encoding). Send it with a Content-Length."
)


def _most_bytes(path: str) -> int:
    if path.startswith(UPLOADS):
        return int(settings.UPLOAD_MAX_BYTES)
    return LOOK_MAX_BYTES if path in LOOKS else int(settings.REQUEST_MAX_BYTES)


class BodyLimitMiddleware:
    """Refuse by the announced length: checking a form's CSRF token alone would store its files.

    Of a request without one (in chunks, as from a pipe) Django would see an empty body.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH")
        if not length and "HTTP_TRANSFER_ENCODING" in request.META:
            return _refusal(request, 411, "length_required", str(NO_LENGTH), {})
        most = _most_bytes(request.path)
        length = length or "0"
        if length.isdecimal() and int(length) <= most:
            return self.get_response(request)
        return _refusal(request, 413, "request_too_large", str(TOO_LARGE), {"most": most})


def _refusal(
    request: HttpRequest, status: int, code: str, message: str, data: dict[str, int]
) -> HttpResponse:
    if request.path.startswith("/api/"):
        error = {"code": code, "message": message, "data": data}
        return JsonResponse({"error": error}, status=status)
    return HttpResponse(message, status=status, content_type="text/plain")
