"""What stands between a request and its view: pages of their own, and the database that is down."""

import logging
from collections.abc import Awaitable, Callable

from django.contrib.messages.middleware import MessageMiddleware
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

log = logging.getLogger(__name__)


class PageMessageMiddleware(MessageMiddleware):
    """Messages from one page to the next; the API has none, and passes by."""

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        is_api = request.path.startswith("/api/")
        return self.get_response(request) if is_api else super().__call__(request)


class DatabaseDownMiddleware:
    """Answer 503 with what to do when Postgres cannot be reached.

    Nothing acknowledged is lost: a vote is acknowledged only after its transaction committed.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, OperationalError | InterfaceError):
            return None
        log.error("The database cannot be reached: %s", error)
        message = _("The database cannot be reached just now. Nothing is lost: try again shortly.")
        if request.path.startswith("/api/"):
            body = {"error": {"code": "database_down", "message": message, "data": {}}}
            return JsonResponse(body, status=503, headers={"Retry-After": "5"})
        html = render_to_string("unavailable.html", {"message": message})
        return HttpResponse(html, status=503, headers={"Retry-After": "5"})
