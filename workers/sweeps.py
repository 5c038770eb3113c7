"""Sweeps: what lost messages and dead workers left behind is found and sent again.

Each first asks whether anything is missing and returns if not; so a lost message costs only time.
"""

from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from labeling import jobs
from labeling.models import (
    Batch,
    DiscoveryRun,
    EvaluationRun,
    LabelCheck,
    Look,
    ModelVersion,
    TrainingRun,
)
from labeling.models.runs import Run
from labeling.selectors.trials import running_trial
from labeling.selectors.versions import active_version
from labeling.services.assignments import expire_leases
from labeling.services.drift import check_drift
from labeling.services.looks import delete_expired_looks
from labeling.services.picks import active_picks_due
from labeling.services.policies import policies_to_follow_up
from labeling.services.predictions import are_new_unscored, unscored_glitches
from labeling.services.priors import refresh_class_priors
from labeling.services.retraining import ask_if_due, start_if_due
from labeling.services.runs import claimable
from labeling.services.sampling import draw_glitches
from labeling.services.shadow import let_waiting_in
from labeling.services.sketches import sketch_some_pictures
from labeling.services.training_folders import clear_training_folders
from labeling.services.visitors import end_old_visits
from ml.vision.storage.store import ArrayStore
from workers.schedule import EVERY_SECONDS
from workers.tasks import RecordedTask

ON_ITS_WAY = timedelta(seconds=15)
TASKS: dict[type[Run], str] = {
    TrainingRun: jobs.RUN_TRAINING,
    DiscoveryRun: jobs.RUN_DISCOVERY,
    LabelCheck: jobs.CHECK_LABELS,
    EvaluationRun: jobs.EVALUATE,
    Look: jobs.LOOK,
}


def _send_again(sweep: str, name: str, **ids: int) -> None:
    """Send a task that lasts until the next ``sweep``: that sends it anew if it is still wanted.

    Otherwise a worker that is busy for hours would find thousands of the same message.
    """
    jobs.send_now(name, expires_seconds=EVERY_SECONDS[sweep], **ids)


@shared_task(name=jobs.SWEEP_RUNS, base=RecordedTask)
def sweep_runs() -> None:
    """Send runs again that nobody works on."""
    now = timezone.now()
    # A message that was sent just now, perhaps with a delay, is still on its way.
    on_its_way = Q(state=Run.State.REQUESTED, created_at__gt=now - ON_ITS_WAY)
    free = claimable(now) & ~on_its_way
    for model, task in TASKS.items():
        for run_id in model._default_manager.filter(free).values_list("pk", flat=True):
            _send_again(jobs.SWEEP_RUNS, task, run_id=run_id)


@shared_task(name=jobs.SWEEP_LEASES, base=RecordedTask)
def sweep_leases() -> int:
    return expire_leases(timezone.now())


@shared_task(name=jobs.SWEEP_SCORES, base=RecordedTask)
def sweep_scores() -> None:
    version = active_version(ModelVersion.Role.CLASSIFIER)
    if version is None:
        return
    if version.routed_at is None or are_new_unscored(version):
        _send_again(jobs.SWEEP_SCORES, jobs.SCORE_GLITCHES, version_id=version.pk)


@shared_task(name=jobs.SWEEP_WHOLE, base=RecordedTask)
def sweep_whole() -> None:
    """Look at whole tables, for what those sweeps pass over that look at the newest alone."""
    draw_glitches(settings.AUDIT_RATE, from_all=True)
    version = active_version(ModelVersion.Role.CLASSIFIER)
    if version is not None and unscored_glitches(version).exists():
        _send_again(jobs.SWEEP_WHOLE, jobs.SCORE_GLITCHES, version_id=version.pk)


@shared_task(name=jobs.SWEEP_TRIALS, base=RecordedTask)
def sweep_trials() -> None:
    trial = running_trial()
    if trial is not None:
        _send_again(jobs.SWEEP_TRIALS, jobs.FOLLOW_TRIAL, trial_id=trial.pk)
    else:
        let_waiting_in(ModelVersion.Role.CLASSIFIER)


@shared_task(name=jobs.SWEEP_DRIFT, base=RecordedTask)
def sweep_drift() -> int:
    return len(check_drift(timezone.now()))


@shared_task(name=jobs.SWEEP_RETRAINING, base=RecordedTask)
def sweep_retraining() -> None:
    now = timezone.now()
    ask_if_due(now)
    start_if_due(now)


@shared_task(name=jobs.SWEEP_BATCHES, base=RecordedTask)
def sweep_batches() -> None:
    for batch_id in Batch.objects.filter(state=Batch.State.OPEN).values_list("pk", flat=True):
        _send_again(jobs.SWEEP_BATCHES, jobs.CLOSE_BATCH, batch_id=batch_id)


@shared_task(name=jobs.SWEEP_POLICIES, base=RecordedTask)
def sweep_policies() -> None:
    for workflow_id in policies_to_follow_up():
        _send_again(jobs.SWEEP_POLICIES, jobs.REEVALUATE, workflow_id=workflow_id)


@shared_task(name=jobs.SWEEP_LOOKS, base=RecordedTask)
def sweep_looks() -> int:
    return delete_expired_looks(timezone.now())


@shared_task(name=jobs.SWEEP_SKETCHES, base=RecordedTask)
def sweep_sketches() -> int:
    """Sketch some of the pictures that were stored before sketches were made; how many."""
    return sketch_some_pictures()


@shared_task(name=jobs.SWEEP_PICKS, base=RecordedTask)
def sweep_picks() -> None:
    for workflow_id, version in active_picks_due():
        _send_again(jobs.SWEEP_PICKS, jobs.REFRESH_PICKS, workflow_id=workflow_id, version=version)


@shared_task(name=jobs.SWEEP_VISITS, base=RecordedTask)
def sweep_visits() -> None:
    end_old_visits(timezone.now())


@shared_task(name=jobs.REFRESH_PRIORS, base=RecordedTask)
def refresh_priors() -> None:
    refresh_class_priors()


@shared_task(name=jobs.SWEEP_CACHE, base=RecordedTask)
def sweep_cache() -> int:
    """Keep decoded views and activations within their room; the bytes freed."""
    return ArrayStore(settings.CACHE_FOLDER).prune(settings.CACHE_BYTES)


@shared_task(name=jobs.SWEEP_TRAININGS, base=RecordedTask)
def sweep_trainings() -> int:
    """Clear away the checkpoints that no training can go on from; in how many folders."""
    return clear_training_folders(timezone.now())
