"""Task names and the only door from web code to the broker.

Web code names a task and never imports it: so no cycle arises and no torch is loaded. A message
leaves only after the transaction has committed. A broker that is down costs latency, never an
error on what is stored: ``workers/sweeps.py`` finds what was missed.
"""

import logging
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from django.db import transaction

log = logging.getLogger(__name__)

Listener = Callable[[str, float], object]
_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)

SCORE_GLITCHES = "workers.scoring.score_glitches"
EVALUATE = "workers.judging.evaluate"
FOLLOW_TRIAL = "workers.judging.follow_trial"
RUN_TRAINING = "workers.training.run_training"
RUN_DISCOVERY = "workers.discovery.run_discovery"
CHECK_LABELS = "workers.label_checks.check_labels"
LOOK = "workers.looking.look"
CLOSE_BATCH = "workers.batches.close_batch"
REEVALUATE = "workers.policies.reevaluate"
REFRESH_PICKS = "workers.picks.refresh_picks"
SWEEP_RUNS = "workers.sweeps.sweep_runs"
SWEEP_LEASES = "workers.sweeps.sweep_leases"
SWEEP_SCORES = "workers.sweeps.sweep_scores"
SWEEP_TRIALS = "workers.sweeps.sweep_trials"
SWEEP_DRIFT = "workers.sweeps.sweep_drift"
SWEEP_RETRAINING = "workers.sweeps.sweep_retraining"
SWEEP_POLICIES = "workers.sweeps.sweep_policies"
SWEEP_PICKS = "workers.sweeps.sweep_picks"
SWEEP_AUDIT = "workers.picks.sweep_audit"
SWEEP_VISITS = "workers.sweeps.sweep_visits"
SWEEP_BATCHES = "workers.sweeps.sweep_batches"
SWEEP_LOOKS = "workers.sweeps.sweep_looks"
SWEEP_SKETCHES = "workers.sweeps.sweep_sketches"
SWEEP_CACHE = "workers.sweeps.sweep_cache"
SWEEP_TRAININGS = "workers.sweeps.sweep_trainings"
SWEEP_WHOLE = "workers.sweeps.sweep_whole"
COUNT_ANSWERS = "workers.skills.count_answers"
REFRESH_SKILL_PRIOR = "workers.skills.refresh_prior"
REFIT_SKILLS = "workers.skills.refit"
PRUNE_SKILLS = "workers.skills.prune"
REFRESH_PRIORS = "workers.sweeps.refresh_priors"

QUEUES = {
    RUN_TRAINING: "gpu",
    RUN_DISCOVERY: "gpu",
    CHECK_LABELS: "gpu",
    # What a ready network says of glitches: a training of hours must not hold it up.
    SCORE_GLITCHES: "predictions",
    EVALUATE: "predictions",
    FOLLOW_TRIAL: "predictions",
    # People wait for these. A worker of both takes them first: queues go by name (settings).
    LOOK: "looks",
}
ALL_QUEUES = ("default", *sorted(set(QUEUES.values())))


def enqueue_on_commit(name: str, *, delay_seconds: float = 0, **ids: Any) -> None:
    """Send the task ``name`` once the transaction under way has committed.

    ``delay_seconds`` lets the worker wait, so that what comes in quick succession is one task's
    work. A failure to send is logged, not raised: the row that asks for the work is stored.
    """

    def send() -> None:
        when = {"delay_seconds": delay_seconds} if delay_seconds else {}
        send_now(name, **when, **ids)

    # A named function, not functools.partial: Django's robust handler reads __qualname__.
    transaction.on_commit(send, robust=True)


def run_here(name: str, *, hear: Listener | None = None, **ids: Any) -> None:
    """Do in this process what a worker would do; raises what the task raises.

    For commands, which know no tasks either: they alone load the network then. ``hear`` is told
    each stage of the work, and how far it is, from 0 to 1.
    """
    from labeling.celery import app

    app.loader.import_default_modules()
    token = _listener.set(hear)
    try:
        app.tasks[name].apply(kwargs=ids, throw=True)
    finally:
        _listener.reset(token)


def tell(stage: str, progress: float) -> None:
    """Said by the work that :func:`run_here` does; elsewhere nobody hears it."""
    hear = _listener.get()
    if hear is not None:
        hear(stage, progress)


def send_now(
    name: str, *, delay_seconds: float = 0, expires_seconds: float | None = None, **ids: Any
) -> None:
    """Send the task at once. Raises kombu's OperationalError where the broker is down.

    A message that no worker has begun within ``expires_seconds`` is dropped: for senders that ask
    again by then.
    """
    from labeling.celery import app

    queue = QUEUES.get(name, "default")
    app.send_task(
        name, kwargs=ids, queue=queue, countdown=delay_seconds or None, expires=expires_seconds
    )
