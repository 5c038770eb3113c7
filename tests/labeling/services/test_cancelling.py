"""Long work called off: who may, once, and what is recorded of it; for each kind of run."""

import pytest

from labeling.errors import LabelingError
from labeling.models import AuditEvent, EvaluationRun, LabelCheck, TrainingRun
from labeling.services.cancelling import cancel_evaluation, cancel_label_check, cancel_training
from tests.conftest import make_volunteer
from tests.labeling.judging_world import make_classifier

pytestmark = pytest.mark.django_db


def training(**fields) -> TrainingRun:
    return TrainingRun.objects.create(**fields)


def label_check(**fields) -> LabelCheck:
    return LabelCheck.objects.create(**fields)


def evaluation(**fields) -> EvaluationRun:
    return EvaluationRun.objects.create(model_version=make_classifier(1), **fields)


KINDS = pytest.mark.parametrize(
    ("make", "cancel", "kind"),
    [
        (training, cancel_training, "training"),
        (label_check, cancel_label_check, "label check"),
        (evaluation, cancel_evaluation, "evaluation run"),
    ],
)


@KINDS
@pytest.mark.parametrize(
    ("asked_by", "by", "refused"),
    [
        ("pipe", "pipe", ""),
        ("rosa", "pipe", "not_yours"),
        (None, "pipe", "not_yours"),  # the house
        ("pipe", "rosa", ""),
        (None, None, ""),  # the command line
    ],
)
def test_who_may(taxonomy, make, cancel, kind, asked_by, by, refused):
    people = {
        None: None,
        "pipe": make_volunteer("pipe", role="pipeline"),
        "rosa": make_volunteer("rosa", role="reviewer"),
    }
    run = make(state="running", requested_by=people[asked_by])
    if refused:
        with pytest.raises(LabelingError) as refusal:
            cancel(run.pk, by=people[by])
        assert refusal.value.code == refused
    else:
        cancel(run.pk, by=people[by])
    run.refresh_from_db()
    assert run.state == ("running" if refused else "cancelled")
    assert (run.ended_at is None) == bool(refused)
    deeds = AuditEvent.objects.values_list("actor__username", "verb", "target")
    done = (by, f"cancel_{kind}".replace(" ", "_"), f"{kind} {run.pk}")
    assert list(deeds) == ([] if refused else [done])


@KINDS
@pytest.mark.parametrize("state", ["succeeded", "failed", "cancelled"])
def test_what_has_ended_or_never_was_is_not_cancelled(taxonomy, make, cancel, kind, state):
    run = make(state=state)
    for number, code in ((run.pk, "run_ended"), (run.pk + 1, "not_found")):
        with pytest.raises(LabelingError) as refusal:
            cancel(number, by=None)
        assert refusal.value.code == code
    run.refresh_from_db()
    assert run.state == state
    assert not AuditEvent.objects.exists()
