"""Trainings that ended without a version are gone on with: by whom, when, and what stays."""

from datetime import timedelta

import pytest
from django.utils import timezone

from labeling import jobs
from labeling.errors import LabelingError
from labeling.models import AuditEvent, TrainingRun
from labeling.models.runs import Run
from labeling.selectors.runs import checkpoints_until
from labeling.services.cancelling import cancel_training
from labeling.services.resuming import resume_training
from labeling.services.runs import claim_run, held, let_go, renew_lease
from tests.conftest import make_volunteer

pytestmark = pytest.mark.django_db
ENDED = {"attempts": 6, "attempts_in_vain": 6, "progress": 0.4, "error_code": "disk_full"}


def ended_run(state=Run.State.FAILED, **fields):
    return TrainingRun.objects.create(state=state, ended_at=timezone.now(), **ENDED | fields)


@pytest.mark.parametrize("state", [Run.State.FAILED, Run.State.CANCELLED])
def test_it_waits_for_a_worker_with_what_it_had(
    taxonomy, state, monkeypatch, django_capture_on_commit_callbacks
):
    sent = []
    monkeypatch.setattr(jobs, "send_now", lambda name, **ids: sent.append((name, ids)))
    run = ended_run(state, settings={"epochs": 3}, data_digest="d" * 64, error="No room.")
    epochs = [{"epoch": 0}]
    TrainingRun.objects.update(epochs=epochs)
    reviewer = make_volunteer("rosa", role="reviewer")
    with django_capture_on_commit_callbacks(execute=True):
        found = resume_training(run.pk, by=reviewer)
    assert (found.state, found.ended_at) == ("requested", None)
    assert (found.error, found.error_code) == ("", "")
    assert (found.settings, found.data_digest, found.epochs) == ({"epochs": 3}, "d" * 64, epochs)
    assert (found.attempts, found.attempts_in_vain) == (6, 0)
    assert sent == [(jobs.RUN_TRAINING, {"run_id": run.pk})]
    assert AuditEvent.objects.get().verb == "resume_training"


def refusal(run_id):
    with pytest.raises(LabelingError) as caught:
        resume_training(run_id, by=None)
    return caught.value.code, caught.value.data.get("run")


@pytest.mark.parametrize(
    ("state", "code"),
    [
        (Run.State.SUCCEEDED, "nothing_to_resume"),
        (Run.State.REQUESTED, "training_under_way"),
        (Run.State.RUNNING, "training_under_way"),
    ],
)
def test_what_succeeded_or_goes_on_is_refused(state, code):
    run = TrainingRun.objects.create(state=state)
    assert refusal(run.pk) == (code, run.pk if code == "training_under_way" else None)


def test_one_training_at_a_time():
    failed = ended_run()
    other = TrainingRun.objects.create()
    assert refusal(failed.pk) == ("training_under_way", other.pk)
    assert TrainingRun.objects.get(pk=failed.pk).state == Run.State.FAILED


def test_what_is_not_there_is_not_found():
    with pytest.raises(LabelingError, match="no training 7"):
        resume_training(7, by=None)


def lease_runs_out(run):
    TrainingRun.objects.update(leased_until=timezone.now())


@pytest.mark.parametrize("stops", [let_go, lease_runs_out])
def test_a_worker_that_was_called_off_is_waited_for_and_not_let_in_again(stops):
    """It may notice late, and two must not write into one folder."""
    run = claim_run(TrainingRun, TrainingRun.objects.create().pk, "w")
    cancel_training(run.pk, by=None)
    resume_training(run.pk, by=None)
    assert claim_run(TrainingRun, run.pk, "w") is None
    stops(run)
    again = claim_run(TrainingRun, run.pk, "w")
    let_go(run)  # too late: it is another's
    assert not renew_lease(run)
    assert held(again).get().leased_until is not None


def test_checkpoints_are_kept_for_so_many_days(settings):
    settings.KEEP_FAILED_DAYS = 2
    run = ended_run()
    assert checkpoints_until(run) == run.ended_at + timedelta(days=2)
    assert checkpoints_until(TrainingRun(state=Run.State.SUCCEEDED, ended_at=run.ended_at)) is None
