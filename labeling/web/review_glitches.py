"""All that is known of one glitch, for reviewers: labels, predictions, and where they come from."""

from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from labeling.errors import LabelingError
from labeling.models import ModelVersion
from labeling.selectors.glitches import find_glitch
from labeling.selectors.looks import last_look, render_look
from labeling.selectors.pictures import render_pictures
from labeling.selectors.versions import active_version, find_version
from labeling.services.looks import request_look_at
from labeling.web.permissions import reviewer_required, user_of

CLASSIFIER = ModelVersion.Role.CLASSIFIER


@never_cache
@vary_on_headers("HX-Request")
@reviewer_required
@require_safe
def glitch(request: HttpRequest, gravityspy_id: str) -> HttpResponse:
    """``?version=`` and ``?label=`` choose whose look is shown, and at which class."""
    found = find_glitch(gravityspy_id)
    try:
        version = _asked_version(request.GET) or active_version(CLASSIFIER)
    except LabelingError as refusal:
        raise Http404(str(refusal)) from refusal
    label = _asked_label(request.GET)
    look = last_look(found, version, label)
    looked = render_look(look) if look else {}
    if request.headers.get("HX-Request") and look:
        return render(request, "fragments/look.html", looked)
    context = looked | {
        "glitch": found,
        "look": look,
        "version": version,
        "label": label,
        "own_pictures": render_pictures(found),
        "gold": found.gold_labels.all().first(),
        "consensus": getattr(found, "consensus", None),
        "predictions": found.predictions.all(),
    }
    return render(request, "review/glitch.html", context)


@reviewer_required
@require_POST
def explain(request: HttpRequest, gravityspy_id: str) -> HttpResponse:
    try:
        version, label = _asked_version(request.POST), _asked_label(request.POST)
        found = find_glitch(gravityspy_id)
        request_look_at(found, by=user_of(request), version=version, label=label)
    except LabelingError as refusal:
        messages.error(request, str(refusal))
        return redirect("review-glitch", gravityspy_id)
    asked = {"version": version.number if version else "", "label": label}
    query = urlencode({key: value for key, value in asked.items() if value})
    return redirect(reverse("review-glitch", args=[gravityspy_id]) + (f"?{query}" if query else ""))


def _asked_version(data: QueryDict) -> ModelVersion | None:
    """The classifier of that number, None where none is named; raises NotFoundError."""
    number = data.get("version", "")
    if not number:
        return None
    return find_version(CLASSIFIER, int(number) if number.isdecimal() and len(number) < 10 else 0)


def _asked_label(data: QueryDict) -> str:
    return data.get("label", "")[:64]
