"""All that is known of one glitch, for reviewers: labels, predictions, and where they come from."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from labeling.errors import LabelingError
from labeling.selectors.glitches import find_glitch
from labeling.selectors.looks import last_look, render_look
from labeling.selectors.pictures import render_pictures
from labeling.services.looks import request_look_at
from labeling.web.permissions import reviewer_required, user_of


@never_cache
@vary_on_headers("HX-Request")
@reviewer_required
@require_safe
def glitch(request: HttpRequest, gravityspy_id: str) -> HttpResponse:
    found = find_glitch(gravityspy_id)
    look = last_look(found)
    looked = render_look(look) if look else {}
    if request.headers.get("HX-Request") and look:
        return render(request, "fragments/look.html", looked)
    context = looked | {
        "glitch": found,
        "look": look,
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
        request_look_at(find_glitch(gravityspy_id), by=user_of(request))
    except LabelingError as refusal:
        messages.error(request, str(refusal))
    return redirect("review-glitch", gravityspy_id)
