"""A worker hears in the midst of its work that the run is no longer its own."""

import time
from datetime import timedelta

import pytest
from celery import shared_task
from django.db import IntegrityError, transaction
from django.utils import timezone

from labeling.models import TaskError, TrainingRun
from labeling.models.runs import Run
from labeling.services.cancelling import cancel_training
from labeling.services.runs import claim_run
from ml.wanted import check_wanted, tell
from workers.tasks import RecordedTask, holding

pytestmark = pytest.mark.django_db(transaction=True)


@shared_task(name="tests.fails", base=RecordedTask)
def fails(words: str) -> None:
    raise ValueError(words)


def test_the_same_failure_again_is_counted_and_another_is_another():
    for words in ("disk", "disk", "net", "disk"):
        fails.apply(kwargs={"words": words})
    found = TaskError.objects.order_by("pk").values_list("error", "times")
    assert list(found) == [("ValueError('disk')", 3), ("ValueError('net')", 1)]


def test_failures_of_long_ago_make_room():
    old = TaskError.objects.create(task="x", error="y")
    TaskError.objects.filter(pk=old.pk).update(at=timezone.now() - timedelta(days=91))
    fails.apply(kwargs={"words": "disk"})
    assert TaskError.objects.get().error == "ValueError('disk')"


def test_the_database_keeps_one_row_a_failure():
    TaskError.objects.create(task="x", error="y")
    with pytest.raises(IntegrityError, match="one_row_a_task_failure"), transaction.atomic():
        TaskError.objects.create(task="x", error="y")


def cancelled(run: TrainingRun) -> None:
    cancel_training(run.pk, by=None)


def taken_over(run: TrainingRun) -> None:
    """As a claim does it once the lease has run out; the heart beats here, so it has not."""
    TrainingRun.objects.filter(pk=run.pk).update(worker="another", attempts=run.attempts + 1)


@pytest.mark.parametrize(
    ("event", "state"), [(cancelled, Run.State.CANCELLED), (taken_over, Run.State.RUNNING)]
)
def test_a_run_that_was_lost_ends_in_the_midst_of_a_loop(settings, event, state):
    settings.RUN_LEASE_SECONDS = 0.6
    run = claim_run(TrainingRun, TrainingRun.objects.create().pk, "mine")
    done = []
    with holding(run):
        check_wanted()
        event(run)
        until = time.monotonic() + 60
        while time.monotonic() < until:
            check_wanted()
            time.sleep(0.02)
        done.append("to the end")
    assert done == []
    run.refresh_from_db()
    assert (run.state, run.error) == (state, "")
    assert (run.leased_until is None) is (state == Run.State.CANCELLED)  # nobody writes any more


def test_a_stage_with_an_end_shows_the_steps_that_its_loops_tell():
    run = claim_run(TrainingRun, TrainingRun.objects.create().pk, "mine")
    shown = []
    with holding(run) as life:
        for until in (None, 0.4):
            life.report("looking at the pictures", 0.2, until=until)
            tell("read", 50, 100)
            run.refresh_from_db()
            shown.append((run.stage, round(run.progress, 3)))
    assert shown == [
        ("looking at the pictures", 0.2),
        ("looking at the pictures: read 50 of 100", 0.3),
    ]
