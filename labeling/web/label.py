"""The label page. Glitches and votes travel over the API; this only sets the table."""

from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_safe

from labeling.models import User
from labeling.selectors.guide import class_buttons
from labeling.services.assignments import height_of, open_levels
from labeling.services.taxonomy import current_taxonomy
from labeling.web.permissions import user_of
from ml.pictures import DURATIONS

# Words of GuideEntry.trait_words, and how the buttons of the filter say them.
TRAITS = (
    ("short", _("short")),
    ("long", _("long")),
    ("low", _("low")),
    ("mid", _("mid")),
    ("high", _("high")),
    ("changes", _("changes pitch")),
    ("keeps", _("keeps its pitch")),
)


def _classes(volunteer: User) -> dict[str, Any]:
    guide = class_buttons(up_to_level=height_of(volunteer, current_taxonomy()))
    facts = {
        entry.label: {
            "name": entry.name_shown,
            "key": entry.key,
            "description": entry.description,
            "traits": entry.traits_shown,
            "twins": [twin["name_shown"] for twin in entry.twins],
            "look_at": entry.look_at,
            "examples": entry.examples,
        }
        for entry in guide
        if entry is not None
    }
    return {"guide": guide, "facts": facts}


@gzip_page
@never_cache
@login_required
@ensure_csrf_cookie
@require_safe
def label(request: HttpRequest) -> HttpResponse:
    volunteer = user_of(request)
    if volunteer.is_visitor and not settings.ANONYMOUS_VOTING:
        return redirect("sign-up")  # it was switched off since the visit began
    context = {
        **_classes(volunteer),
        "durations": DURATIONS,
        "levels": open_levels(volunteer),
        "trait_words": TRAITS,
        "undo_seconds": settings.UNDO_SECONDS,
    }
    return render(request, "pages/label.html", context)


@gzip_page
@never_cache
@login_required
@require_safe
def label_classes(request: HttpRequest) -> HttpResponse:
    """The class buttons alone: asked for when a level was reached or a class was born."""
    return render(request, "fragments/classes.html", _classes(user_of(request)))
