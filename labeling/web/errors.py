"""One place renders every refusal and every fault as a page that says what to do."""

import logging
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.db import IntegrityError, InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from labeling.errors import LabelingError, from_integrity_error
from ml.errors import MLError

log = logging.getLogger(__name__)


def refusal_of(error: Exception) -> LabelingError | None:
    """The refusal that an exception stands for, or None where it is a fault of ours."""
    if isinstance(error, IntegrityError):
        return from_integrity_error(error)
    if isinstance(error, MLError):
        return LabelingError(str(error), code=error.code)
    return error if isinstance(error, LabelingError) else None


class RefusalMiddleware:
    """A LabelingError that no view caught becomes a page with its message, code and status."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_view: Any) -> HttpResponse | None:
        """NUL, which no browser types and Postgres cannot store, is refused here for all pages."""
        if request.path.startswith("/api/"):  # its serializers do that, field by field
            return None
        fields = (*request.GET.lists(), *request.POST.lists())
        if not any("\x00" in text for text in (request.path, *_texts(fields))):
            return None
        message = _("The address or the form holds a character that no text has; type it anew.")
        return _refused(request, LabelingError(message, code="nul_character"))

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        refusal = None if request.path.startswith("/api/") else refusal_of(error)
        if refusal is None:
            return None
        return _refused(request, refusal)


def _refused(request: HttpRequest, refusal: LabelingError) -> HttpResponse:
    return render(request, "refused.html", {"refusal": refusal}, status=refusal.http_status)


def _texts(fields: Iterable[tuple[str, list[Any]]]) -> Iterator[str]:
    """The names and all values of a form's fields."""
    for name, values in fields:
        yield from (name, *values)


def server_error(request: HttpRequest) -> HttpResponse:
    """The 500 page; a database that failed outside of a view (sessions) is a 503 all the same.

    Both pages stand alone: what renders them must not need what has just failed.
    """
    is_api = request.path.startswith("/api/")
    if isinstance(sys.exc_info()[1], OperationalError | InterfaceError):
        message = _("The database cannot be reached just now. Nothing is lost: try again shortly.")
        if is_api:
            return _api_error(503, "database_down", message)
        html = render_to_string("unavailable.html", {"message": message})
        return HttpResponse(html, status=503, headers={"Retry-After": "5"})
    if is_api:
        return _api_error(500, "server_error", _("A fault of ours stopped this; it was logged."))
    return HttpResponse(render_to_string("500.html"), status=500)


def _api_error(status: int, code: str, message: str) -> JsonResponse:
    return JsonResponse({"error": {"code": code, "message": message, "data": {}}}, status=status)
