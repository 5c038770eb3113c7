"""Proposals: what was found in the pool of unknowns, and what a reviewer makes of it."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from labeling.errors import LabelingError
from labeling.models import Proposal, User
from labeling.models.runs import Run
from labeling.selectors.guide import gold_examples
from labeling.selectors.pool import unknown_glitches
from labeling.selectors.proposals import (
    find_proposal,
    listed_proposals,
    render_proposal,
    render_proposal_in_full,
)
from labeling.selectors.reviews import count_by_state, last_discovery, sheet_members
from labeling.services import proposals as services
from labeling.services.discovery import POOL_MIN, request_discovery
from labeling.web.charts import bars, weekly_bars
from labeling.web.forms import DecisionForm
from labeling.web.permissions import reviewer_required, user_of
from labeling.web.runs import render_part
from ml.pictures import DURATIONS

SHOWN_DURATION = 2.0
PAGE_SIZE = 12
NEAREST_EXAMPLES = 4

Given = dict[str, Any]


def _vote(pk: int, by: User, given: Given) -> str:
    services.accept_for_vote(
        pk, name=given["name"], by=by, description=given["description"], reason=given["reason"]
    )
    return _("Sent to volunteers. Their answers appear below as they come in.")


def _rename(pk: int, by: User, given: Given) -> str:
    renamed = services.rename_proposal(pk, name=given["name"], by=by)
    return _("The proposal is named %(name)s.") % {"name": renamed.name}


def _reject(pk: int, by: User, given: Given) -> str:
    services.reject_proposal(pk, by=by, reason=given["reason"])
    return _("Rejected. A cluster like it comes back only with new evidence.")


def _merge(pk: int, by: User, given: Given) -> str:
    target = given["into"]
    if target is None:
        raise LabelingError(_("Choose the proposal that takes the members."), code="into_missing")
    services.merge_proposal(pk, into=target.pk, by=by, reason=given["reason"])
    return _("Its members moved into proposal %(number)s.") % {"number": target.pk}


def _close(pk: int, by: User, given: Given) -> str:
    services.close_vote(pk, by=by, reason=given["reason"])
    return _("The vote is closed; the answers so far decide.")


def _accept(pk: int, by: User, given: Given) -> str:
    born = services.accept_proposal(
        pk, by=by, description=given["description"], reason=given["reason"]
    )
    return _("A class is born: %(name)s. Volunteers can choose it from now on.") % {
        "name": born.name_shown
    }


# Each does one decision and gives the sentence that says what was done.
DECIDE: dict[str, Callable[[int, User, Given], str]] = {
    "vote": _vote,
    "rename": _rename,
    "reject": _reject,
    "merge": _merge,
    "close": _close,
    "accept": _accept,
}


def _duration(request: HttpRequest) -> float:
    """The duration to show; anything else than one of the four is the usual one."""
    asked = request.GET.get("duration", "")
    return next((d for d in DURATIONS if str(d) == asked), SHOWN_DURATION)


@never_cache
@reviewer_required
@require_safe
def proposals(request: HttpRequest) -> HttpResponse:
    state = request.GET.get("state", "")
    listed = listed_proposals().order_by("-pk")
    if state in Proposal.State.values:
        listed = listed.filter(state=state)
    page = Paginator(listed, PAGE_SIZE).get_page(request.GET.get("page"))
    sheets = sheet_members([proposal.pk for proposal in page])
    context = {
        "page_obj": page,
        "rows": [{**render_proposal(p), "sheet": sheets.get(p.pk, [])} for p in page],
        "states": count_by_state(),
        "state": state,
        "durations": DURATIONS,
        "duration": _duration(request),
        **_search(),
    }
    return render(request, "review/proposals.html", context)


def _search() -> dict[str, Any]:
    return {
        "discovery": last_discovery(),
        "pool_size": unknown_glitches().count(),
        "pool_min": POOL_MIN,
    }


@never_cache
@vary_on_headers("HX-Request")
@reviewer_required
@require_safe
def discovery_progress(request: HttpRequest) -> HttpResponse:
    """The search's state, asked for again and again while it runs."""
    search = _search()
    last = search["discovery"]
    live = last is not None and last.state in Run.LIVE
    return render_part(request, "fragments/discovery.html", search, live=live)


@reviewer_required
@require_POST
def search_pool(request: HttpRequest) -> HttpResponse:
    try:
        request_discovery(user_of(request), reason="asked for on the proposals page")
    except LabelingError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("The search is asked for; what it finds appears here."))
    return redirect("proposals")


@never_cache
@reviewer_required
@require_safe
def proposal(request: HttpRequest, pk: int) -> HttpResponse:
    return _show(request, pk, DecisionForm(), None)


@reviewer_required
@require_POST
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Do what was decided, or show the page again with what stands in the way."""
    form = DecisionForm(request.POST)
    try:
        if not form.is_valid():
            first = next(iter(form.errors.values()))
            raise LabelingError(str(first[0]), code="bad_decision")
        done = DECIDE[form.cleaned_data["decision"]](pk, user_of(request), form.cleaned_data)
    except LabelingError as refusal:
        return _show(request, pk, form, refusal)
    messages.success(request, done)
    return redirect("proposal", pk=pk)


def _show(
    request: HttpRequest, pk: int, form: DecisionForm, refusal: LabelingError | None
) -> HttpResponse:
    found = find_proposal(pk)
    shown = render_proposal_in_full(found)
    nearest = found.nearest_class
    examples = gold_examples([nearest.pk], each=NEAREST_EXAMPLES) if nearest else {}
    others = Proposal.objects.filter(state=Proposal.State.PROPOSED).exclude(pk=pk)
    context = {
        "proposal": shown,
        "medoids": [m for m in shown["members"] if m["is_medoid"]],
        "nearest": nearest,
        "nearest_examples": examples.get(nearest.pk, []) if nearest else [],
        "weeks": weekly_bars(found.counts_by_week),
        "detectors": bars(found.counts_by_ifo),
        "others": others,
        "form": form,
        "refusal": refusal,
        "durations": DURATIONS,
        "duration": _duration(request),
    }
    status = refusal.http_status if refusal else 200
    return render(request, "review/proposal.html", context, status=status)


@never_cache
@vary_on_headers("HX-Request")
@reviewer_required
@require_safe
def batch_progress(request: HttpRequest, pk: int) -> HttpResponse:
    """How the vote on a proposal goes, asked for again and again while its batch is open."""
    shown = render_proposal_in_full(find_proposal(pk))
    context = {"proposal": shown, "duration": _duration(request)}
    batch = shown["batch"]
    live = batch is not None and batch["state"] != "closed"  # else other decisions are offered
    return render_part(request, "fragments/batch.html", context, live=live)
