"""Long work on pages: the part that tells how far it is, and the button that ends it."""

from typing import Any, Protocol

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from labeling.errors import LabelingError
from labeling.models import User
from labeling.web.permissions import user_of


def render_part(
    request: HttpRequest, template: str, context: dict[str, Any], *, live: bool
) -> HttpResponse:
    """What htmx asks for again and again while work is ``live``.

    Once it has ended, htmx loads the whole page, which is another then and asks no more; while
    something is typed in it, ``typed.js`` lets that wait.
    """
    response = render(request, template, context)
    if not live:
        response["HX-Refresh"] = "true"
    return response


class Cancel(Protocol):
    """One of :mod:`labeling.services.cancelling`."""

    def __call__(self, run_id: int, *, by: User | None) -> None: ...


def call_off(request: HttpRequest, cancel: Cancel, run_id: int) -> None:
    """Cancel the run, and tell the reader so on the next page, or why not."""
    try:
        cancel(run_id, by=user_of(request))
    except LabelingError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("Cancelled. Its worker stops within some seconds."))
