"""Trainings that failed or were called off are gone on with."""

from django.utils.translation import gettext as _

from labeling import jobs
from labeling.errors import ConflictError, NotFoundError
from labeling.models import TrainingRun, User
from labeling.models.runs import Run
from labeling.selectors.runs import can_resume
from labeling.services.audit import record_deed
from labeling.services.runs import check_is_theirs
from labeling.services.training import one_under_way


def resume_training(run_id: int, *, by: User | None) -> TrainingRun:
    """Let a training that failed or was cancelled go on: from its last checkpoint, with the
    settings and the frozen list that it had.

    A worker takes it up once the one that it was taken from has stopped, or its lease is over.
    Where its checkpoints were deleted (``NOTA_KEEP_FAILED_DAYS``) it begins again with that list.

    Raises NotFoundError; ForbiddenError ``not_yours``; ConflictError ``nothing_to_resume`` for one
    that succeeded, ``training_under_way`` where this or another one is.
    """
    with one_under_way():
        run = TrainingRun.objects.select_for_update().filter(pk=run_id).first()
        if run is None:
            raise NotFoundError(_("There is no training %(run_id)s.") % {"run_id": run_id})
        check_is_theirs(run, by)
        _check(run)
        TrainingRun.objects.filter(pk=run_id).update(
            state=Run.State.REQUESTED,
            progress=0.0,
            attempts_in_vain=0,
            stage="",
            error_code="",
            error="",
            ended_at=None,
        )
        record_deed(by, "resume_training", f"training {run_id}")
        jobs.enqueue_on_commit(jobs.RUN_TRAINING, run_id=run_id)
    return TrainingRun.objects.get(pk=run_id)


def _check(run: TrainingRun) -> None:
    if can_resume(run):
        return
    if run.state == Run.State.SUCCEEDED:
        raise ConflictError(
            _("Training %(run_id)s succeeded; there is nothing to go on with.")
            % {"run_id": run.pk},
            code="nothing_to_resume",
        )
    raise ConflictError(
        _("Training %(run_id)s is under way already.") % {"run_id": run.pk},
        code="training_under_way",
        run=run.pk,
    )
