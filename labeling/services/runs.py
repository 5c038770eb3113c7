"""Leases on long work: claimed by compare-and-set, renewed while alive, taken up when stale."""

from datetime import datetime, timedelta
from typing import TypeVar

from django.conf import settings
from django.db import transaction
from django.db.models import Case, F, IntegerField, Q, QuerySet, When
from django.db.models.functions import Greatest
from django.utils import timezone
from django.utils.translation import gettext as _

from labeling.errors import ConflictError, ForbiddenError
from labeling.models import User
from labeling.models.runs import Run
from labeling.services.audit import record_deed

AnyRun = TypeVar("AnyRun", bound=Run)


def _lease_until(now: datetime) -> datetime:
    return now + timedelta(seconds=settings.RUN_LEASE_SECONDS)


def claimable(now: datetime) -> Q:
    """Runs that nobody works on: asked for, or left by a worker that died.

    One that was called off and is asked for again has its lease still: until that is over, or let
    go, its worker may be writing.
    """
    over = Q(leased_until__lte=now)
    asked = Q(state=Run.State.REQUESTED) & (Q(leased_until=None) | over)
    return asked | (Q(state=Run.State.RUNNING) & over)


def is_free(run: Run) -> bool:
    """Whether nobody works on the run, though it has not ended."""
    return type(run)._default_manager.filter(claimable(timezone.now()), pk=run.pk).exists()


@transaction.atomic
def claim_run(model: type[AnyRun], run_id: int, worker: str) -> AnyRun | None:
    """Lease the run to ``worker``; None where another has it or it has ended: a normal answer."""
    now = timezone.now()
    free = model._default_manager.select_for_update(skip_locked=True).filter(
        claimable(now), pk=run_id
    )
    run = free.first()
    if run is None:
        return None
    run.state = Run.State.RUNNING
    run.worker = worker
    run.attempts += 1
    run.attempts_in_vain += 1
    run.leased_until = _lease_until(now)
    run.started_at = run.started_at or now
    counts = ["attempts", "attempts_in_vain"]
    run.save(update_fields=["state", "worker", *counts, "leased_until", "started_at"])
    return run


def renew_lease(
    run: Run, *, stage: str | None = None, progress: float | None = None, lasting: bool = True
) -> bool:
    """Say that the work goes on; False where the run is no longer this worker's.

    Work that is further than it ever was makes this attempt, and those before, none in vain, unless
    it would be lost with the worker (``lasting``). What an attempt does over again does not take
    its progress back.
    """
    fields: dict[str, object] = {"leased_until": _lease_until(timezone.now())}
    if stage is not None:
        fields["stage"] = stage[:80]
    if progress is not None:
        share = min(max(progress, 0.0), 1.0)
        fields["progress"] = Greatest(F("progress"), share)
        if lasting:
            fields["attempts_in_vain"] = Case(
                When(progress__lt=share, then=0),
                default=F("attempts_in_vain"),
                output_field=IntegerField(),
            )
    return held(run).update(**fields) == 1


def held(run: AnyRun) -> QuerySet[AnyRun]:
    """The run's row as long as this attempt of this worker holds it."""
    return type(run)._default_manager.filter(
        pk=run.pk, state=Run.State.RUNNING, worker=run.worker, attempts=run.attempts
    )


def let_go(run: Run) -> None:
    """This worker has stopped working on a run that was called off: another may, at once."""
    mine = type(run)._default_manager.filter(pk=run.pk, worker=run.worker, attempts=run.attempts)
    mine.exclude(state=Run.State.RUNNING).update(leased_until=None)


def end_run(run: Run, state: Run.State, *, code: str = "", error: str = "") -> bool:
    """End a run that this worker holds; False where it lost it meanwhile."""
    ended = held(run).update(
        state=state,
        error_code=code,
        error=error[:4000],
        ended_at=timezone.now(),
        leased_until=None,
        progress=1.0 if state == Run.State.SUCCEEDED else F("progress"),
    )
    return ended == 1


def hand_back(run: Run) -> bool:
    """Leave a run that this worker holds to whoever comes next; False where it lost it meanwhile.

    So that those who wait behind it come first: nothing failed, so no attempt was in vain.
    """
    free = {"state": Run.State.REQUESTED, "leased_until": None, "attempts_in_vain": 0}
    return held(run).update(**free) == 1


@transaction.atomic
def cancel_run(run: Run, kind: str, *, by: User | None) -> None:
    """Call off a run that has not ended; its worker notices at its next sign of life, in seconds.

    ``kind`` names it in the record of deeds, as in "label check"; ``by`` None: on the command line.
    Raises ForbiddenError ``not_yours``; ConflictError ``run_ended`` where there is nothing to
    cancel.
    """
    check_is_theirs(run, by)
    live = type(run)._default_manager.filter(pk=run.pk, state__in=Run.LIVE)
    if not live.update(state=Run.State.CANCELLED, ended_at=timezone.now()):
        raise ConflictError(
            _("Run %(run)s has ended already; there is nothing to cancel.") % {"run": run.pk},
            code="run_ended",
        )
    record_deed(by, f"cancel_{kind.replace(' ', '_')}", f"{kind} {run.pk}")


def check_is_theirs(run: Run, by: User | None) -> None:
    """Raise ForbiddenError ``not_yours`` unless ``by`` may call the run off or go on with it.

    Reviewers may with all runs, a pipeline with those that it asked for: its token is a machine's,
    and no machine stops what a person or the house wants. None is the command line, and may.
    """
    if by is None or by.is_reviewer or run.requested_by_id == by.pk:
        return
    raise ForbiddenError(
        _("You did not ask for run %(run)s: only a reviewer may stop it or go on with it.")
        % {"run": run.pk},
        code="not_yours",
    )
