"""Doubtful labels: one by one before an expert, who agrees, disagrees, or names another class."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from labeling.errors import LabelingError
from labeling.models.runs import Run
from labeling.selectors.guide import field_guide
from labeling.selectors.label_issues import (
    DECIDED_SHOWN,
    decided_issues,
    last_label_check,
    open_issues,
    render_issue,
)
from labeling.services.cancelling import cancel_label_check
from labeling.services.label_issues import decide_issue, request_label_check, undo_issue
from labeling.web.forms import GoldForm
from labeling.web.permissions import reviewer_required, user_of
from labeling.web.runs import call_off, render_part


@never_cache
@vary_on_headers("HX-Request")
@reviewer_required
@require_safe
def labels(request: HttpRequest) -> HttpResponse:
    """The clearest doubt, or the one after those skipped; htmx asks for the search's progress."""
    check = last_label_check()
    live = check is not None and check.state in Run.LIVE
    searching = {"check": check, "live": live}
    if request.headers.get("HX-Request"):
        return render_part(request, "fragments/label_check.html", searching, live=live)
    waiting = open_issues()
    count = waiting.count()
    skip = _skipped(request.GET) % (count or 1)
    issue = waiting[skip : skip + 1].first() if count else None
    context = searching | {
        "issue": render_issue(issue) if issue else None,
        "count": count,
        "skip": skip,
        "next_skip": skip + 1,
        "guide": field_guide(examples=2),
        "decided": decided_issues()[:DECIDED_SHOWN],
    }
    return render(request, "review/labels.html", context)


@reviewer_required
@require_POST
def search(request: HttpRequest) -> HttpResponse:
    try:
        request_label_check(user_of(request), "asked for on the page of doubtful labels")
    except LabelingError as refusal:
        messages.error(request, str(refusal))
    return redirect("label-issues")


@reviewer_required
@require_POST
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    call_off(request, cancel_label_check, pk)
    return redirect("label-issues")


@reviewer_required
@require_POST
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """``stands`` keeps the label; ``label`` names the class that the glitch is.

    ``skip``: how many doubts were left for later; they stay behind those that follow.
    """
    form = GoldForm(request.POST)
    stands = "stands" in request.POST
    skip = _skipped(request.POST)
    following = redirect(reverse("label-issues") + (f"?skip={skip}" if skip else ""))
    if not stands and not form.is_valid():
        messages.error(request, str(form.errors["label"][0]))
        return following
    try:
        answer = None if stands else form.cleaned_data["label"]
        issue = decide_issue(pk, by=user_of(request), answer=answer)
    except LabelingError as refusal:
        messages.error(request, str(refusal))
    else:
        label = issue.answer or issue.given_class
        messages.success(
            request,
            _("%(id)s is %(label)s.")
            % {"id": issue.glitch.gravityspy_id, "label": label.name_shown},
        )
    return following


def _skipped(data: QueryDict) -> int:
    asked = data.get("skip", "")
    return int(asked) if asked.isdecimal() and len(asked) < 9 else 0


@reviewer_required
@require_POST
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    try:
        issue = undo_issue(pk, by=user_of(request))
    except LabelingError as refusal:
        messages.error(request, str(refusal))
    else:
        name = issue.given_class.name_shown
        messages.success(
            request,
            _("%(id)s is %(name)s again.") % {"id": issue.glitch.gravityspy_id, "name": name},
        )
    return redirect("label-issues")
