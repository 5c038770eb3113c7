"""What drf-spectacular cannot see by itself: how to log in, and how refusals look."""

from typing import Any

from drf_spectacular.authentication import SessionScheme
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.utils import OpenApiResponse
from rest_framework import serializers


class BearerTokenScheme(OpenApiAuthenticationExtension):
    target_class = "labeling.api.authentication.BearerTokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "A token from POST tokens."}


class LeanSessionScheme(SessionScheme):
    target_class = "labeling.api.sessions.LeanSessionAuthentication"


class RefusalSerializer(serializers.Serializer):
    """``code`` is stable and for programs, ``message`` for people, ``data`` says more."""

    code = serializers.CharField()
    message = serializers.CharField()
    data: Any = serializers.JSONField()


class ErrorSerializer(serializers.Serializer):
    error = RefusalSerializer()


REASONS = {
    400: "Something in the request is wrong; `data` says what.",
    401: "No token, or not a live one.",
    403: "The role does not allow it, or the CSRF token is missing.",
    404: "There is no such thing.",
    409: "It contradicts what is stored already.",
    413: "The request is too large.",
    429: "Too many requests; wait as `Retry-After` says.",
    503: "The database is down, the disk is full, or many wait; nothing is lost, try again later.",
}


def answers(good: dict[int, Any], *refusals: int) -> dict[int, Any]:
    """The responses of an operation: the good ones and the refusals by status."""
    bad = {s: OpenApiResponse(ErrorSerializer, description=REASONS[s]) for s in refusals}
    return {**good, **bad}
