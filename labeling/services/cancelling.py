"""Long work called off by a person.

All raise NotFoundError; ForbiddenError ``not_yours``; ConflictError ``run_ended`` where there is
nothing to cancel. ``by`` None: on the command line.
"""

from labeling.models import User
from labeling.selectors.evaluations import find_evaluation_run
from labeling.selectors.label_issues import find_label_check
from labeling.selectors.runs import find_training
from labeling.services.runs import cancel_run


def cancel_training(run_id: int, *, by: User | None) -> None:
    """Cancel a training that has not ended; it can be gone on with."""
    cancel_run(find_training(run_id), "training", by=by)


def cancel_label_check(run_id: int, *, by: User | None) -> None:
    """Cancel a search of labels that has not ended; the queue stays as it was."""
    cancel_run(find_label_check(run_id), "label check", by=by)


def cancel_evaluation(run_id: int, *, by: User | None) -> None:
    """Cancel an evaluation that has not ended; it stores no figures, and predictions stay."""
    cancel_run(find_evaluation_run(run_id), "evaluation run", by=by)
