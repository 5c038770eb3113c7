"""Throttles: how often one client may ask, by the scope of the view."""

import logging

import redis
from rest_framework.request import Request
from rest_framework.throttling import ScopedRateThrottle
from rest_framework.views import APIView

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
