"""A worker hears in the midst of its work that the run is no longer its own."""

import time

import pytest

from labeling.models import TrainingRun
from labeling.models.runs import Run
from labeling.services.runs import cancel_run, claim_run
from ml.wanted import check_wanted, tell
from workers.tasks import holding

pytestmark = pytest.mark.django_db(transaction=True)


def cancelled(run: TrainingRun) -> None:
    assert cancel_run(TrainingRun, run.pk)


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
