"""How large a request may be, whoever sends it and before anything of it is read."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse

UPLOADS = "/api/v1/glitches"
MESSAGE = "The request holds too much. Send it in smaller parts."


class BodyLimitMiddleware:
    """Refuse by the announced length: checking a form's CSRF token alone would store its files."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        uploads = request.path.startswith(UPLOADS)
        most = settings.UPLOAD_MAX_BYTES if uploads else settings.REQUEST_MAX_BYTES
        length = request.META.get("CONTENT_LENGTH") or "0"
        if length.isdecimal() and int(length) <= most:
            return self.get_response(request)
        if request.path.startswith("/api/"):
            error = {"code": "request_too_large", "message": MESSAGE, "data": {"most": most}}
            return JsonResponse({"error": error}, status=413)
        return HttpResponse(MESSAGE, status=413, content_type="text/plain")
