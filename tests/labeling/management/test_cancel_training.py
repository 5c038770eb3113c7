"""manage.py cancel_training: the one under way."""

import pytest
from django.core.management import CommandError, call_command

from labeling.models import TrainingRun

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("named", [True, False])
def test_the_training_under_way_is_cancelled(named, capsys):
    run = TrainingRun.objects.create(state="running")
    call_command("cancel_training", *([str(run.pk)] if named else []))
    assert capsys.readouterr().out == f"Training {run.pk} is cancelled.\n"
    run.refresh_from_db()
    assert run.state == "cancelled"


def test_what_has_ended_or_never_was_is_told():
    run = TrainingRun.objects.create(state="succeeded")
    with pytest.raises(CommandError, match="No training is under way"):
        call_command("cancel_training")
    with pytest.raises(CommandError, match="has ended already"):
        call_command("cancel_training", str(run.pk))
    with pytest.raises(CommandError, match="There is no training 99"):
        call_command("cancel_training", "99")
