"""What comes of a training: its epochs, and the candidate that is let in or kept out."""

from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from labeling import jobs
from labeling.models import (
    ModelVersion,
    TrainingRun,
)
from labeling.models.runs import Run
from labeling.services.evaluations import begin_evaluation
from labeling.services.runs import end_run, held
from labeling.services.shadow import let_in
from labeling.services.weights import check_file


def record_epoch(run: TrainingRun, epoch: dict[str, Any]) -> bool:
    """Append one epoch's metrics; one that a resumed run reports again replaces the first."""
    with transaction.atomic():
        row = held(run).select_for_update().first()
        if row is None:
            return False
        kept = [e for e in row.epochs if e["epoch"] < epoch["epoch"]]
        row.epochs = [*kept, epoch]
        row.save(update_fields=["epochs"])
        return True


@dataclass(frozen=True)
class Trained:
    """What a training hands over: the weights' file and how they did on the gold test set."""

    weights: str
    weights_sha256: str
    metrics: dict[str, Any]
    goes_live: bool
    reason: str
    compared_with: int | None


def finish_training(run: TrainingRun, trained: Trained) -> ModelVersion | None:
    """Store the candidate and let it in, perhaps on trial first, or keep it out: one transaction.

    None where the run was taken from this worker meanwhile: then another one finishes it.
    ConflictError ``activation_conflict`` where another version went live since the comparison,
    ``shadow_under_way`` where a person begins a trial at the same moment,
    ``missing_weights`` or ``damaged_weights`` where its file is not what was trained.
    """
    role = ModelVersion.Role.CLASSIFIER
    if trained.goes_live:
        check_file(trained.weights, trained.weights_sha256, _("The new version"))
    with transaction.atomic():
        if held(run).select_for_update().first() is None:
            return None
        version = ModelVersion.objects.create(
            role=role,
            number=next_number(role),
            training_run=run,
            class_list=run.class_list,
            weights=trained.weights,
            weights_sha256=trained.weights_sha256,
            metrics=trained.metrics,
            decision_reason=trained.reason,
        )
        if trained.goes_live:
            let_in(version, instead_of=trained.compared_with)
            jobs.enqueue_on_commit(jobs.REFRESH_PRIORS)
        else:
            version.state = ModelVersion.State.KEPT_OUT
            version.save(update_fields=["state"])
        end_run(run, Run.State.SUCCEEDED)
        beside = trained.compared_with
        against = None if beside is None else ModelVersion.objects.get(pk=beside)
        begin_evaluation(version, against, by=None)
        return version


def next_number(role: str) -> int:
    """The next number of a role; the unique constraint settles a race."""
    last = ModelVersion.objects.filter(role=role).aggregate(last=Max("number"))["last"]
    return (last or 0) + 1
