"""Throttles: how often one client may ask, by the scope of the view; for the API and pages."""

import logging
from collections.abc import Callable
from functools import wraps
from types import SimpleNamespace
from typing import Any

import redis
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.throttling import ScopedRateThrottle
from rest_framework.views import APIView

from labeling.errors import LabelingError

log = logging.getLogger(__name__)


class PostThrottle(ScopedRateThrottle):
    """Counts the POSTs of a view with a ``throttle_scope``, by user or else by address.

    The counts lie in the cache; where that is down, requests pass: a vote that is not counted
    here does less harm than a vote that is lost.
    """

    def allow_request(self, request: Request, view: APIView) -> bool:
        if request.method != "POST":
            return True
        try:
            return super().allow_request(request, view)
        except redis.RedisError as error:
            log.warning("Not throttled, the cache does not answer: %s", error)
            return True


def throttled(
    scope: str,
) -> Callable[[Callable[..., HttpResponseBase]], Callable[..., HttpResponseBase]]:
    """A page whose POSTs are counted like those of the API: guessing passwords takes for ever.

    Raises LabelingError ``throttled`` (429).
    """
    rule: Any = SimpleNamespace(throttle_scope=scope)

    def wrap(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            asked: Any = request  # the throttle reads the method, the user and the address alone
            if not PostThrottle().allow_request(asked, rule):
                raise LabelingError(
                    _("Too many tries from here; wait a minute and try again."),
                    code="throttled",
                    http_status=429,
                )
            return view(request, *args, **kwargs)

        return guarded

    return wrap
