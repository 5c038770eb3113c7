"""The way back after a bad deploy works also where the newest rows are there, and forward again."""

import threading
import time

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from labeling.models import Evaluation, Glitch, LabelCheck, Look
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


def test_times_that_break_the_rule_are_forgotten(newest):
    times = [None, 0.0, 1.26e9, 5e9, 5.1e9, 1.26e18, -1.0, float("nan"), float("inf")]
    pks = [make_glitch(number).pk for number in range(len(times))]
    migrate("0023")
    for pk, seconds in zip(pks, times, strict=True):
        Glitch.objects.filter(pk=pk).update(event_time=seconds)
    migrate()
    kept = list(Glitch.objects.order_by("pk").values_list("event_time", flat=True))
    assert kept == [None, 0.0, 1.26e9, 5e9, None, None, None, None, None]
    with pytest.raises(IntegrityError, match="event_time_in_gps_seconds"):
        Glitch.objects.filter(pk=pks[0]).update(event_time=1.26e18)


def test_a_vote_under_way_and_the_migration_of_times_never_wait_for_each_other(newest):
    glitch = make_glitch(1)
    migrate("0024")
    ended = []

    def migrate_meanwhile():
        try:
            migrate()
            ended.append("migrated")
        finally:
            connection.close()

    with transaction.atomic():  # as a vote does: it takes the row, then writes it
        Glitch.objects.select_for_update(no_key=True).get(pk=glitch.pk)
        thread = threading.Thread(target=migrate_meanwhile)
        thread.start()
        wait_until_somebody_waits()
        Glitch.objects.filter(pk=glitch.pk).update(votes_count=1)
    thread.join(120)
    assert ended == ["migrated"]
    assert Glitch.objects.get(pk=glitch.pk).votes_count == 1


def wait_until_somebody_waits():
    with connection.cursor() as cursor:
        for _attempt in range(600):
            cursor.execute(
                "SELECT count(*) FROM pg_locks WHERE NOT granted"
                " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            )
            if cursor.fetchone()[0]:
                return
            time.sleep(0.1)
    raise AssertionError("nobody waits for the vote")
