"""Reads of trainings and discoveries."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Prefetch, QuerySet
from django.utils.translation import gettext as _

from labeling.errors import NotFoundError
from labeling.models import DiscoveryRun, Proposal, TrainingRun


def listed_trainings() -> QuerySet[TrainingRun]:
    """Trainings with who asked and what came of them: one query. Long lists of ids stay behind."""
    found = TrainingRun.objects.select_related("requested_by", "model_version", "class_list")
    return found.defer("unlabeled_ids")


def find_training(run_id: int) -> TrainingRun:
    """One training. Raises NotFoundError."""
    found = listed_trainings().filter(pk=run_id).first()
    if found is None:
        raise NotFoundError(_("There is no training %(run_id)s.") % {"run_id": run_id})
    return found


def live_training() -> TrainingRun | None:
    """The training that is asked for or under way; there is one at most."""
    live = [TrainingRun.State.REQUESTED, TrainingRun.State.RUNNING]
    return TrainingRun.objects.filter(state__in=live).first()


def failed_before(settings: list[dict[str, Any]], now: datetime) -> TrainingRun | None:
    """The training with one of these ``settings`` that ended last, if it failed and its
    checkpoints are kept."""
    ended = TrainingRun.objects.filter(ended_at__isnull=False).order_by("-ended_at")
    rows = ended.values_list("pk", "settings").iterator()
    last = [next((pk for pk, of in rows if of in settings), 0)]
    run = TrainingRun.objects.filter(pk__in=last, state=TrainingRun.State.FAILED).first()
    until = checkpoints_until(run) if run else None
    return run if until and until > now else None


def can_resume(run: TrainingRun) -> bool:
    """Whether the training ended without a version, so that it can be gone on with."""
    return run.state in {TrainingRun.State.FAILED, TrainingRun.State.CANCELLED}


def checkpoints_until(run: TrainingRun) -> datetime | None:
    """Until when the checkpoints of a training that failed or was cancelled are kept."""
    if not can_resume(run) or run.ended_at is None:
        return None
    return run.ended_at + timedelta(days=settings.KEEP_FAILED_DAYS)


def listed_discoveries() -> QuerySet[DiscoveryRun]:
    """Discoveries with who asked and their proposals: two queries. The pool's ids stay behind."""
    proposals = Proposal.objects.only("id", "discovery_run_id").order_by("id")
    return (
        DiscoveryRun.objects.defer("glitch_ids")
        .select_related("requested_by", "embedding")
        .prefetch_related(Prefetch("proposals", queryset=proposals))
    )


def find_discovery(run_id: int) -> DiscoveryRun:
    """One discovery. Raises NotFoundError."""
    found = listed_discoveries().filter(pk=run_id).first()
    if found is None:
        raise NotFoundError(_("There is no discovery %(run_id)s.") % {"run_id": run_id})
    return found
