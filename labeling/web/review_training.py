"""Trainings: start one, watch it, call it off, go on with it; where it cannot start, why."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from labeling.errors import LabelingError
from labeling.models import TrainingRun
from labeling.models.runs import Run
from labeling.selectors.broker import nobody_trains
from labeling.selectors.classes import trained_labels
from labeling.selectors.pauses import Pause, pause_of_the_house
from labeling.selectors.recipes import random_weights_for, site_recipe
from labeling.selectors.runs import can_resume, checkpoints_until, find_training, listed_trainings
from labeling.selectors.trainable import EXAMPLES_MIN, by_what_they_lack, left_out
from labeling.selectors.training_requests import listed_requests
from labeling.services.cancelling import cancel_training
from labeling.services.resuming import resume_training
from labeling.services.retraining import reasons_due
from labeling.services.training import request_training
from labeling.web.charts import learning_curves
from labeling.web.permissions import reviewer_required, user_of
from labeling.web.runs import call_off
from ml.errors import MLError
from ml.vision.networks.weights import missing_weights
from ml.vision.recipes import AUTOMATIC, RECIPES, automatic, find_recipe
from ml.vision.recipes.changes import parse_changes
from ml.vision.recipes.rules import wanted

SHOWN = 50
REQUESTS_SHOWN = 10
SETTINGS_MOST = 2000  # letters
FIELDS = ("recipe", "reason", "members", "random", "settings")


@never_cache
@reviewer_required
@require_safe
def trainings(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    pause = pause_of_the_house(now)
    lacking = left_out()
    context = {
        "recipes": [(recipe, missing_weights(recipe)) for recipe in RECIPES.values()],
        "automatic": AUTOMATIC,
        "automatic_lacks": missing_weights(find_recipe(automatic(has_gpu=True))),
        "chosen": request.GET.get("recipe") or site_recipe(),
        "rules": wanted(),
        "runs": listed_trainings()[:SHOWN],
        "classes": sorted(trained_labels() - lacking.keys()),
        "left_out": by_what_they_lack(lacking),
        "pause": pause,
        "due": reasons_due(now) if pause else [],
        "examples_min": EXAMPLES_MIN,
        "requests": listed_requests()[:REQUESTS_SHOWN],
    }
    return render(request, "review/trainings.html", context)


@reviewer_required
@require_POST
def train_now(request: HttpRequest) -> HttpResponse:
    try:
        reason = request.POST.get("reason", "").strip() or "asked for on the training page"
        recipe = request.POST.get("recipe", "")
        run = request_training(user_of(request), reason, _changes(request), recipe=recipe)
    except (LabelingError, MLError) as refusal:
        messages.error(request, _("Training did not start. %(refusal)s") % {"refusal": refusal})
        return redirect(f"{reverse('trainings')}?{_typed(request)}")
    return redirect("training", pk=run.pk)


def _typed(request: HttpRequest) -> str:
    """What was typed, so that it stands in the form again beside what is wrong with it."""
    typed = {key: request.POST.get(key, "")[:SETTINGS_MOST] for key in FIELDS}
    return urlencode({key: value for key, value in typed.items() if value})


def _changes(request: HttpRequest) -> dict[str, Any]:
    """The settings that the form changes; raises BadSettings for lines that are no settings."""
    changes = parse_changes(request.POST.get("settings", "")[:SETTINGS_MOST].splitlines())
    if request.POST.get("random"):
        changes |= random_weights_for(request.POST.get("recipe", ""))
    members = request.POST.get("members", "")[:SETTINGS_MOST].replace(",", " ").split()
    if members:
        changes |= parse_changes([f"members=[{', '.join(members)}]"])
    return changes


def _find(pk: int) -> TrainingRun:
    try:
        return find_training(pk)
    except LabelingError as refusal:
        raise Http404(str(refusal)) from refusal


def _is_live(run: TrainingRun) -> bool:
    return run.state in {Run.State.REQUESTED, Run.State.RUNNING}


def _still(until: datetime | None) -> datetime | None:
    return until if until is not None and until > timezone.now() else None


def _pause_for(run: TrainingRun) -> Pause | None:
    """The pause that the house makes because of this training."""
    pause = pause_of_the_house(timezone.now()) if can_resume(run) else None
    return pause if pause is not None and pause.run == run else None


@never_cache
@vary_on_headers("HX-Request")
@reviewer_required
@require_safe
def training(request: HttpRequest, pk: int) -> HttpResponse:
    """One run; htmx asks for its progress again and again while it lives."""
    run = _find(pk)
    context = {
        "run": run,
        "live": _is_live(run),
        "charts": learning_curves(run.epochs),
        "version": getattr(run, "model_version", None),
        "left_out": by_what_they_lack(run.left_out),
        "can_resume": can_resume(run),
        "pause": _pause_for(run),
        "kept_until": _still(checkpoints_until(run)),
        "waits_for": nobody_trains() if run.state == Run.State.REQUESTED else "",
    }
    part = "fragments/training.html" if request.htmx else "review/training.html"  # type: ignore[attr-defined]
    return render(request, part, context)


@reviewer_required
@require_POST
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    call_off(request, cancel_training, pk)
    return redirect("training", pk=pk)


@reviewer_required
@require_POST
def resume(request: HttpRequest, pk: int) -> HttpResponse:
    try:
        resume_training(pk, by=user_of(request))
    except LabelingError as refusal:
        messages.error(request, str(refusal))
    return redirect("training", pk=pk)
