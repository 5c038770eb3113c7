"""The way back after a bad deploy works also where the newest rows are there, and forward again."""

import pytest
from django.core.management import call_command
from django.utils import timezone

from labeling.models import Evaluation, LabelCheck, Look
from labeling.services.classes import load_gravity_spy
from tests.conftest import make_glitch
from tests.labeling.judging_world import make_classifier


def migrate(*target: str) -> None:
    call_command("migrate", "labeling", *target, verbosity=0)


@pytest.fixture
def newest(transactional_db):
    """All migrations, before and after."""
    load_gravity_spy()
    yield
    migrate()


def test_what_was_judged_and_looked_at_in_both_ways_does_not_bar_it(newest):
    version, glitch = make_classifier(1), make_glitch(1)
    for label in ("", "Blip"):
        Look.objects.create(
            glitch=glitch, model_version=version, label=label, expires_at=timezone.now()
        )
    for in_time in (True, False):
        Evaluation.objects.create(
            model_version=version, test_digest="x", in_time=in_time, figures={}
        )
    migrate("0020")
    migrate()
    assert list(Evaluation.objects.values_list("in_time", flat=True)) == [False]
    assert list(Look.objects.values_list("label", flat=True)) == [""]


def test_of_several_label_checks_the_one_under_way_goes_on(newest):
    migrate("0021")
    made = [LabelCheck.objects.create(state=s) for s in ("requested", "running", "requested")]
    migrate()
    states = [LabelCheck.objects.get(pk=check.pk).state for check in made]
    assert states == ["cancelled", "running", "cancelled"]
