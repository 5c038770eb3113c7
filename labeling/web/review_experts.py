"""Glitches on which volunteers found no consensus: a reviewer gives them their gold label."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from labeling.errors import LabelingError
from labeling.models import Glitch
from labeling.selectors.experts import render_undecided, undecided_glitches
from labeling.selectors.guide import field_guide
from labeling.services.gold import add_gold_label
from labeling.web.forms import GoldForm
from labeling.web.permissions import reviewer_required, user_of


@never_cache
@reviewer_required
@require_safe
def experts(request: HttpRequest) -> HttpResponse:
    """The glitch that has waited longest, or the one after those skipped."""
    waiting = undecided_glitches()
    count = waiting.count()
    asked = request.GET.get("skip", "")
    skip = int(asked) % count if asked.isdecimal() and len(asked) < 9 and count else 0
    glitch = waiting[skip : skip + 1].first() if count else None
    context = {
        "glitch": render_undecided(glitch) if glitch else None,
        "count": count,
        "skip": skip,
        "next_skip": skip + 1,
        "guide": field_guide(examples=0),
    }
    return render(request, "review/experts.html", context)


@reviewer_required
@require_POST
def give_gold(request: HttpRequest, gravityspy_id: str) -> HttpResponse:
    glitch = Glitch.objects.filter(gravityspy_id=gravityspy_id).first()
    if glitch is None:
        raise Http404(_("There is no glitch %(id)s.") % {"id": gravityspy_id})
    form = GoldForm(request.POST)
    if not form.is_valid():
        messages.error(request, str(form.errors["label"][0]))
        return redirect("experts")
    try:
        gold = add_gold_label(glitch, form.cleaned_data["label"], by=user_of(request))
    except LabelingError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(
            request,
            _("%(id)s is %(glitch_class)s now.")
            % {"id": gravityspy_id, "glitch_class": gold.glitch_class.name_shown},
        )
    return redirect("experts")
