"""Throttles: how often one client may ask, by the scope of the view; for the API and pages."""

import logging
from collections.abc import Callable
from functools import lru_cache, wraps
from types import SimpleNamespace
from typing import Any

import redis
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from redis.commands.core import Script
from rest_framework.request import Request
from rest_framework.throttling import ScopedRateThrottle
from rest_framework.views import APIView

from labeling.addresses import network_of
from labeling.errors import LabelingError

log = logging.getLogger(__name__)


# One round trip, and nothing can come between: a count without its end would last for ever.
COUNT = """
local asked = redis.call('INCR', KEYS[1])
if asked == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return {asked, redis.call('PTTL', KEYS[1])}
"""


class PostThrottle(ScopedRateThrottle):
    """Counts the POSTs of a view with a ``throttle_scope``, by user or else by address.

    So many are let through from the first one on until the period ends; then the next one begins a
    new period. The counts lie in Valkey beside the cache; where it is down, requests pass: a vote
    that is not counted here does less harm than a vote that is lost.
    """

    counted: tuple[str, ...] = ("POST",)
    seconds_left = 0.0

    def allow_request(self, request: Request, view: APIView) -> bool:
        self.scope = getattr(view, self.scope_attr, None)
        if request.method not in self.counted or not self.scope:
            return True
        most, seconds = self.parse_rate(self.get_rate())
        key = self.get_cache_key(request, view)
        if most is None or seconds is None or key is None:
            return True
        try:
            asked, milliseconds = _count()(keys=[key], args=[seconds * 1000])
        except redis.RedisError as error:
            log.warning("Not throttled, the cache does not answer: %s", error)
            return True
        self.seconds_left = milliseconds / 1000
        return bool(asked <= most)

    def wait(self) -> float:
        return self.seconds_left

    def get_ident(self, request: Request) -> str:
        """The connection's address or the one that our own proxy wrote (``NUM_PROXIES``)."""
        return network_of(super().get_ident(request))


class AskThrottle(PostThrottle):
    """Counts the GETs too, of a view where they cost as much as a POST."""

    counted = ("GET", "POST")


def _count() -> Script:
    cache: Any = settings.CACHES["default"]
    return _script_at(cache["LOCATION"], **cache.get("OPTIONS", {}))


@lru_cache(maxsize=4)
def _script_at(location: str, **options: Any) -> Script:
    """The script and its connections, kept: to make a client takes longer than to ask it."""
    return redis.Redis.from_url(location, **options).register_script(COUNT)


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
