"""Trainings and label checks called off by a person."""

from django.db import transaction
from django.utils.translation import gettext as _

from labeling.errors import ConflictError, NotFoundError
from labeling.models import LabelCheck, TrainingRun, User
from labeling.selectors.label_issues import find_label_check
from labeling.services.audit import record_deed
from labeling.services.runs import cancel_run, check_is_theirs


@transaction.atomic
def cancel_training(run_id: int, *, by: User | None) -> None:
    """Cancel a training that has not ended; ``by`` None: on the command line.

    Raises NotFoundError; ForbiddenError ``not_yours``; ConflictError ``run_ended`` where there is
    nothing to cancel.
    """
    run = TrainingRun.objects.filter(pk=run_id).first()
    if run is None:
        raise NotFoundError(_("There is no training %(run_id)s.") % {"run_id": run_id})
    check_is_theirs(run, by)
    if not cancel_run(TrainingRun, run_id):
        raise ConflictError(
            _("Training %(run_id)s has ended already; there is nothing to cancel.")
            % {"run_id": run_id},
            code="run_ended",
        )
    record_deed(by, "cancel_training", f"training {run_id}")


@transaction.atomic
def cancel_label_check(run_id: int, *, by: User | None) -> None:
    """Cancel a search of labels that has not ended; the queue stays as it was.

    Raises what :func:`cancel_training` does.
    """
    check_is_theirs(find_label_check(run_id), by)
    if not cancel_run(LabelCheck, run_id):
        raise ConflictError(
            _("Label check %(run_id)s has ended already; there is nothing to cancel.")
            % {"run_id": run_id},
            code="run_ended",
        )
    record_deed(by, "cancel_label_check", f"label check {run_id}")
