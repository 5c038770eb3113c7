"""Leases on long work: which attempts were in vain."""

import pytest
from django.utils import timezone

from labeling.models import TrainingRun
from labeling.models.runs import Run
from labeling.services.runs import claim_run, renew_lease

pytestmark = pytest.mark.django_db


def test_attempts_are_in_vain_since_the_work_last_got_further():
    """Each row: how far an attempt reports to be, and what is stored before its worker dies."""
    run_id = TrainingRun.objects.create().pk
    for reported, in_vain, progress in (
        ([0.0], 1, 0.0),
        ([0.0], 2, 0.0),
        ([0.0, 0.3], 0, 0.3),
        ([0.0, 0.1, 0.3], 1, 0.3),  # what was done already is done again
        ([0.0, 0.1, 0.3], 2, 0.3),
        ([0.0, 0.3, 0.31], 0, 0.31),
    ):
        run = claim_run(TrainingRun, run_id, "w")
        assert all(renew_lease(run, progress=share) for share in reported)
        run.refresh_from_db()
        assert (run.attempts_in_vain, run.progress) == (in_vain, progress)
        TrainingRun.objects.update(leased_until=timezone.now())
    assert (run.attempts, run.state) == (6, Run.State.RUNNING)


def test_what_would_be_lost_with_the_worker_makes_no_attempt_good():
    """The middle of an epoch is shown; only its end counts."""
    run_id = TrainingRun.objects.create().pk
    for lasting, share, in_vain, progress in (
        (False, 0.25, 1, 0.25),
        (False, 0.27, 2, 0.27),
        (True, 0.3, 0, 0.3),
    ):
        run = claim_run(TrainingRun, run_id, "w")
        assert renew_lease(run, stage="epoch 3", progress=share, lasting=lasting)
        run.refresh_from_db()
        assert (run.stage, run.attempts_in_vain, run.progress) == ("epoch 3", in_vain, progress)
        TrainingRun.objects.update(leased_until=timezone.now())
