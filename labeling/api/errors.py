"""One handler renders every refusal of the API: ``{"error": {"code", "message", "data"}}``."""

from typing import Any

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation, TooManyFilesSent
from django.db import IntegrityError
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler

from labeling.errors import LabelingError, from_integrity_error
from ml.errors import MLError


def _response(status: int, code: str, message: str, data: Any = None) -> Response:
    body = {"error": {"code": code, "message": message, "data": data or {}}}
    return Response(body, status=status)


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler; None lets Django make a 500 of what is truly a fault of ours."""
    if isinstance(error, IntegrityError):
        error = from_integrity_error(error) or error
    if isinstance(error, RecursionError):
        return _response(400, "invalid", "The JSON is nested too deeply; send it flatter.")
    if isinstance(error, LabelingError):
        return _response(error.http_status, error.code, str(error), error.data)
    if isinstance(error, MLError):
        return _response(400, error.code, str(error), error.data)
    if isinstance(error, TooManyFilesSent | RequestDataTooBig):
        message = "The request holds too much; send it in smaller parts."
        return _response(413, "request_too_large", message)
    if isinstance(error, SuspiciousOperation):
        return _response(400, "suspicious_request", f"The request is refused: {error}")
    if isinstance(error, exceptions.ValidationError):
        message = "Some fields are not as they should be; see data."
        return _response(400, "invalid", message, error.detail)
    return _render_drf(error, context)


def _render_drf(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's own refusals, with the headers that it gives them (Retry-After, WWW-Authenticate)."""
    response = exception_handler(error, context)
    if response is None:
        return None
    detail = getattr(error, "detail", str(error))
    code = "not_found" if isinstance(error, Http404) else getattr(detail, "code", "error")
    data = {"wait": getattr(error, "wait", None)} if code == "throttled" else {}
    response.data = {"error": {"code": code, "message": str(detail), "data": data}}
    return response
