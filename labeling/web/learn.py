"""To learn without votes: the tutorial, and the practice."""

from typing import Any

import numpy as np
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from labeling.selectors.assignments import render_reference
from labeling.selectors.guide import GuideEntry, class_buttons, field_guide
from labeling.selectors.practice import check_practice, draw_practice
from labeling.services.assignments import height_of
from labeling.services.taxonomy import current_taxonomy
from labeling.web.permissions import user_of

STEPS = ("glitches", "durations", "classes", "gold", "keys")
FIRST_CLASSES = 4  # that the tutorial shows


def _shown_entries() -> list[GuideEntry]:
    """The first classes that a newcomer is asked about and that have an example."""
    return [entry for entry in field_guide() if entry.examples][:FIRST_CLASSES]


def _most_pictures(entries: list[GuideEntry]) -> dict[str, Any] | None:
    """The example with the most durations, to explain them by."""
    examples = [entry.examples[0] for entry in entries]
    return max(examples, key=lambda example: len(example["pictures"]), default=None)


@require_safe
def tutorial(request: HttpRequest, step: int = 1) -> HttpResponse:
    """One step of the tutorial; anybody may take it, as often as they like."""
    if not 1 <= step <= len(STEPS):
        raise Http404(_("The tutorial has no such step."))
    entries = _shown_entries()
    context = {
        "step": step,
        "name": STEPS[step - 1],
        "steps": range(1, len(STEPS) + 1),
        "is_last": step == len(STEPS),
        "entries": entries,
        "example": _most_pictures(entries),
    }
    return render(request, "pages/tutorial.html", context)


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def practice(request: HttpRequest) -> HttpResponse:
    """A glitch whose class is known, to answer without it counting; then what experts say."""
    height = height_of(user_of(request), current_taxonomy())
    guide = class_buttons(up_to_level=height)
    if request.method == "POST":
        asked = request.POST.get("glitch", "")
        answer = check_practice(asked, request.POST.get("label", ""))
        context = {
            "answer": answer,
            "glitch": render_reference(answer.glitch),
            "example": render_reference(answer.example) if answer.example else None,
            "entry": next((e for e in guide if e and e.label == answer.truth.label), None),
        }
        return render(request, "pages/practised.html", context)
    drawn = draw_practice(
        height, besides=request.GET.get("besides", ""), rng=np.random.default_rng()
    )
    if drawn is None:
        drawn = draw_practice(height, rng=np.random.default_rng())
    shown = render_reference(drawn) if drawn else None
    return render(request, "pages/practice.html", {"guide": guide, "glitch": shown})


@require_safe
def tutorial_start(request: HttpRequest) -> HttpResponse:
    return redirect("tutorial-step", 1)
