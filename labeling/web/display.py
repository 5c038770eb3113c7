"""Colours of the page and of the pictures: a choice of the browser, kept in two cookies.

The server writes them into the page, so that nothing flashes in other colours before a script has
run, and they hold for strangers too.
"""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.functional import Promise
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

YEAR_SECONDS = 365 * 24 * 3600
CHOICES: dict[str, dict[str, str | Promise]] = {
    "theme": {"auto": _("As the system"), "light": _("Light"), "dark": _("Dark")},
    "palette": {"viridis": _("Viridis"), "cividis": _("Cividis"), "grey": _("Grey")},
}


def chosen(request: HttpRequest, what: str) -> str:
    """The valid choice of this browser, else the first one."""
    value = request.COOKIES.get(f"nota_{what}", "")
    return value if value in CHOICES[what] else next(iter(CHOICES[what]))


def context(request: HttpRequest) -> dict[str, Any]:
    """What the templates need: the values chosen, and what there is to choose."""
    chosen_now = {what: chosen(request, what) for what in CHOICES}
    offered = {f"{what}s": list(names.items()) for what, names in CHOICES.items()}
    return {**chosen_now, **offered}


@require_POST
def display(request: HttpRequest) -> HttpResponse:
    """Keep a choice and go back to the page where it was made."""
    back = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts=None):
        back = "/"
    response = redirect(back)
    for what, names in CHOICES.items():
        value = request.POST.get(what, "")
        if value in names:
            response.set_cookie(
                f"nota_{what}",
                value,
                max_age=YEAR_SECONDS,
                httponly=True,
                samesite="Lax",
                secure=request.is_secure(),
            )
    return response
