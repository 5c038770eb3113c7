"""Model versions: how good each is, why it is or is not in use, and the way back."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from labeling.errors import LabelingError
from labeling.models import ModelVersion, ShadowTrial
from labeling.selectors.drift import open_alerts
from labeling.selectors.evaluations import latest_evaluation, unfinished_evaluation
from labeling.selectors.skipped import skipped_glitches
from labeling.selectors.training_requests import unanswered_refusal
from labeling.selectors.trials import find_trial, listed_trials, running_trial
from labeling.selectors.versions import find_version, listed_versions
from labeling.services.shadow import begin_trial, stop_trial
from labeling.services.versions import activate_version, roll_back
from labeling.web.charts import learning_curves
from labeling.web.judging_charts import reliability_marks
from labeling.web.permissions import reviewer_required, user_of
from labeling.web.runs import render_part


@never_cache
@vary_on_headers("HX-Request")
@reviewer_required
@require_safe
def models(request: HttpRequest) -> HttpResponse:
    """All versions; htmx asks for the trial under way."""
    trial = running_trial()
    if request.headers.get("HX-Request"):
        live = trial is not None
        return render_part(request, "fragments/on_trial.html", {"trial": trial}, live=live)
    context = {
        "versions": listed_versions()[:100],
        "trial": trial,
        "alerts": open_alerts(),
        "refused": unanswered_refusal(),
    }
    return render(request, "review/models.html", context)


@never_cache
@reviewer_required
@require_safe
def model(request: HttpRequest, role: str, number: int) -> HttpResponse:
    try:
        version = find_version(role, number)
    except LabelingError as refusal:
        raise Http404(str(refusal)) from refusal
    run = version.training_run
    # All figures of the page are of one test: today's, if it was judged, or that of its training.
    judged = latest_evaluation(version)
    figures = judged.figures if judged else version.metrics
    context = {
        "version": version,
        "figures": figures,
        "judged": judged,
        "asked": unfinished_evaluation(version),
        "run": run,
        "charts": learning_curves(run.epochs) if run else [],
        "confusion": confusion_table(figures),
        "reliability": reliability_marks(figures) if judged else [],
        "per_class": figures.get("per_class", {}),
        "measured": version.metrics.get("measured", []),
        "checks": version.metrics.get("checks", []),
        "notes": version.metrics.get("notes", []),
        "skipped": skipped_glitches(version.metrics.get("skipped", [])),
        "untested": skipped_glitches(version.metrics.get("untested", [])),
        "trials": listed_trials().filter(candidate=version),
        "on_trial": running_trial(version.role),
    }
    return render(request, "review/model.html", context)


@reviewer_required
@require_POST
def activate(request: HttpRequest, role: str, number: int) -> HttpResponse:
    try:
        reason = request.POST.get("reason", "")
        activate_version(role, number, by=user_of(request), reason=reason)
    except LabelingError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(
            request, _("The %(role)s %(number)s is in use now.") % {"role": role, "number": number}
        )
    return redirect("model", role=role, number=number)


@reviewer_required
@require_POST
def back(request: HttpRequest, role: str, number: int) -> HttpResponse:
    """One click: back to the version that was in use before ``number``."""
    reason = request.POST.get("reason", "")
    try:
        version = roll_back(role, instead_of=number, by=user_of(request), reason=reason)
    except LabelingError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(
            request, _("Rolled back: %(version)s is in use again.") % {"version": version}
        )
    return redirect("models")


@reviewer_required
@require_POST
def try_beside(request: HttpRequest, number: int) -> HttpResponse:
    """Put a classifier on trial in the shadow of the one in use, or call its trial off."""
    role = ModelVersion.Role.CLASSIFIER
    by = user_of(request)
    under_way = request.POST.get("trial", "")
    try:
        if under_way:
            known = under_way.isdecimal() and len(under_way) < 10
            stop_trial(int(under_way) if known else 0, by=by)
        else:
            begin_trial(find_version(role, number), by=by)
    except LabelingError as refusal:
        messages.error(request, str(refusal))
    return redirect("model", role=role, number=number)


@never_cache
@reviewer_required
@require_safe
def trial(request: HttpRequest, pk: int) -> HttpResponse:
    """One trial on its version's page, asked for again and again while it runs."""
    found = find_trial(pk)
    live = found.state == ShadowTrial.State.RUNNING
    return render_part(request, "fragments/trial.html", {"trial": found}, live=live)


def confusion_table(metrics: dict[str, Any]) -> dict[str, Any] | None:
    """Labels and rows of (truth, cells of (count, share of the row)); None without a matrix.

    >>> confusion_table({"classes": ["A", "B"], "confusion": [[3, 1], [0, 0]]})["rows"][0]
    {'truth': 'A', 'cells': [(3, 0.75), (1, 0.25)], 'count': 4}
    """
    labels, matrix = metrics.get("classes", []), metrics.get("confusion", [])
    if not labels or not matrix:
        return None
    rows = [
        {
            "truth": label,
            "cells": [(count, count / (sum(row) or 1)) for count in row],
            "count": sum(row),
        }
        for label, row in zip(labels, matrix, strict=True)
    ]
    return {"labels": labels, "rows": rows}
