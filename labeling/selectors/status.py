"""How the house is: each part by itself, so that one that is down hides no other."""

from collections.abc import Callable
from typing import Any

from django.db import DatabaseError, InterfaceError
from django.db.models import Count
from django.utils import timezone
from django.utils.translation import gettext as _

from labeling.models import (
    DiscoveryRun,
    Glitch,
    ModelVersion,
    Prediction,
    TaskError,
    TrainingRun,
)
from labeling.models.runs import Run
from labeling.selectors.broker import (
    BROKER_DOWN,
    alive_workers,
    queue_lengths,
    unserved_queues,
)
from labeling.selectors.home import vote_counts
from labeling.selectors.pauses import pause_of_the_house
from labeling.selectors.pool import unknown_glitches
from labeling.selectors.proposals import batch_progress
from labeling.selectors.unreadable import unreadable_in_use

ERRORS_SHOWN = 10
Part = dict[str, Any]


def system_status() -> dict[str, Any]:
    """Every part's figures, or ``{"error": ...}`` for a part that cannot say; never an exception.

    Takes about half a second: so long workers may answer.
    """
    parts: dict[str, Callable[[], Any]] = {
        "glitches": Glitch.objects.count,
        "open": _open,
        "retired": _retired,
        "unknown_pool": unknown_glitches().count,
        "votes": lambda: vote_counts()["votes"],
        "visitor_votes": lambda: vote_counts()["visitor_votes"],
        "active": _active,
        "scored": _scored,
        "unreadable": unreadable_in_use().count,
        "batches": batch_progress,
        "last_training": lambda: _last_run(TrainingRun),
        "training_pause": _training_pause,
        "last_discovery": lambda: _last_run(DiscoveryRun),
        "errors": _errors,
    }
    return {**{name: _guarded(read) for name, read in parts.items()}, **_broker()}


def _guarded(read: Callable[[], Any]) -> Any:
    try:
        return read()
    except (DatabaseError, InterfaceError) as error:
        return {
            "error": _("The database does not answer: %(error)s") % {"error": _first_line(error)}
        }


def _broker() -> dict[str, Any]:
    try:
        queues, workers = queue_lengths(), alive_workers()
        return {"queues": queues, "workers": workers, "unserved": unserved_queues(workers)}
    except BROKER_DOWN as error:
        message = _(
            "The broker does not answer: %(error)s Votes are stored all the same; work waits until "
            "it is back."
        ) % {"error": _first_line(error)}
        return {name: {"error": message} for name in ("queues", "workers", "unserved")}


def _first_line(error: object) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:300] if lines else type(error).__name__


def _open() -> int:
    return Glitch.objects.filter(
        retired_at__isnull=True, is_reserved=False, gold_labels__isnull=True
    ).count()


def _retired() -> dict[str, int]:
    by_reason = (
        Glitch.objects.filter(retired_at__isnull=False)
        .values_list("retire_reason")
        .annotate(n=Count("pk"))
        .order_by("retire_reason")
    )
    return dict(by_reason)


def _active() -> dict[str, int]:
    active = ModelVersion.objects.filter(state=ModelVersion.State.ACTIVE)
    return dict(active.values_list("role", "number"))


def _scored() -> int:
    return Prediction.objects.filter(
        model_version__role=ModelVersion.Role.CLASSIFIER,
        model_version__state=ModelVersion.State.ACTIVE,
    ).count()


def _last_run(model: type[Run]) -> Part | None:
    run = model._default_manager.order_by("-pk").first()
    if run is None:
        return None
    version = getattr(run, "model_version", None)
    return {
        "id": run.pk,
        "state": run.state,
        "reason": run.reason,
        "stage": run.stage,
        "progress": run.progress,
        "attempts": run.attempts,
        "error_code": run.error_code,
        "error": run.error,
        "created_at": run.created_at.isoformat(),
        "started_at": run.started_at.isoformat() if run.started_at else None,
        "ended_at": run.ended_at.isoformat() if run.ended_at else None,
        "model_version": version.number if version else None,
        "model_version_state": version.state if version else None,
    }


def _training_pause() -> Part | None:
    pause = pause_of_the_house(timezone.now())
    if pause is None:
        return None
    return {
        "until": pause.until.isoformat(),
        "words": pause.words,
        "training": pause.run.pk,
        "state": pause.run.state,
        "error": pause.run.error,
    }


def _errors() -> list[Part]:
    return [
        {
            "task": error.task,
            "arguments": error.arguments,
            "error": _first_line(error.error),
            "times": error.times,
            "first_at": error.first_at.isoformat(),
            "at": error.at.isoformat(),
        }
        for error in TaskError.objects.order_by("-at")[:ERRORS_SHOWN]
    ]
