"""Sweeps find what lost messages and dead workers left behind, and send each thing once."""

import os
from datetime import datetime, timedelta

import numpy as np
import pytest
from django.utils import timezone

from labeling import jobs
from labeling.models import (
    AuditedGlitch,
    DiscoveryRun,
    EvaluationRun,
    Glitch,
    LabelCheck,
    Pick,
    TrainingRequest,
    TrainingRun,
    User,
    Workflow,
)
from labeling.models.runs import Run
from labeling.services.priors import refresh_class_priors
from labeling.services.visitors import begin_visit
from ml.vision.storage.store import ArrayStore
from tests.conftest import make_glitch
from tests.labeling.api.conftest import make_version, predict
from workers import schedule, sweeps
from workers.picks import refresh_picks, sweep_audit

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent(monkeypatch):
    """What was sent; a message that would wait for ever is a fault of its own."""
    messages = []

    def send(name, *, expires_seconds, **ids):
        assert expires_seconds is not None
        messages.append((name, ids))

    monkeypatch.setattr(jobs, "send_now", send)
    return messages


@pytest.mark.parametrize(
    ("state", "lease_left", "is_sent"),
    [
        (Run.State.REQUESTED, None, True),
        (Run.State.REQUESTED, 20, False),  # called off, asked for again: its worker may not know
        (Run.State.REQUESTED, -1, True),
        (Run.State.RUNNING, 20, False),
        (Run.State.RUNNING, -1, True),
        (Run.State.FAILED, None, False),
    ],
)
def test_only_runs_that_nobody_works_on_are_sent_again(sent, taxonomy, state, lease_left, is_sent):
    leased_until = None
    if lease_left is not None:
        leased_until = timezone.now() + timedelta(seconds=lease_left)
    training = TrainingRun.objects.create(state=state, leased_until=leased_until)
    discovery = DiscoveryRun.objects.create(state=state, leased_until=leased_until)
    evaluation = EvaluationRun.objects.create(
        model_version=make_version(1), state=state, leased_until=leased_until
    )
    for model in (TrainingRun, DiscoveryRun, EvaluationRun):
        model.objects.update(created_at=timezone.now() - timedelta(minutes=1))
    sweeps.sweep_runs()
    expected = [
        (jobs.RUN_TRAINING, {"run_id": training.pk}),
        (jobs.RUN_DISCOVERY, {"run_id": discovery.pk}),
        (jobs.EVALUATE, {"run_id": evaluation.pk}),
    ]
    assert sent == (expected if is_sent else [])


def test_what_is_wrong_with_retraining_keeps_no_run_from_being_sent(sent, taxonomy, settings):
    settings.TRAINING_RECIPE = "nota-cpi"
    run = DiscoveryRun.objects.create()
    DiscoveryRun.objects.update(created_at=timezone.now() - timedelta(minutes=1))
    TrainingRequest.objects.create(due_at=timezone.now(), reasons={"drift": "x"})
    sweeps.sweep_runs()
    sweeps.sweep_retraining()
    assert sent == [(jobs.RUN_DISCOVERY, {"run_id": run.pk})]
    assert "nota-cpi" in TrainingRequest.objects.get().refusal


def test_a_request_whose_message_is_on_its_way_is_not_sent_twice(sent):
    TrainingRun.objects.create()
    sweeps.sweep_runs()
    assert sent == []


def test_what_is_sent_again_lasts_until_the_next_sweep():
    """Else hours of a busy worker would pile up a message each ten seconds."""
    asked = LabelCheck.objects.create()
    LabelCheck.objects.update(created_at=timezone.now() - timedelta(minutes=1))
    sweeps.sweep_runs()
    with schedule.app.connection_for_write() as connection:
        channel = connection.channel()
        message = channel.basic_get(jobs.QUEUES[jobs.CHECK_LABELS], no_ack=True)
        assert channel.basic_get(jobs.QUEUES[jobs.CHECK_LABELS], no_ack=True) is None
    expires_at = datetime.fromisoformat(message.headers["expires"])
    left = (expires_at - timezone.now()).total_seconds()
    assert message.headers["kwargsrepr"] == repr({"run_id": asked.pk})
    assert left <= schedule.EVERY_SECONDS[jobs.SWEEP_RUNS]


def test_levels_without_picks_are_asked_for_once_each(sent, taxonomy):
    glitch = make_glitch(1)
    version = make_version(1)
    predict(version, glitch, 0.6, 0.4)
    levels = list(Workflow.objects.order_by("pk").values_list("pk", flat=True))
    sweeps.sweep_picks()
    assert sent == [(jobs.REFRESH_PICKS, {"workflow_id": pk, "version": 0}) for pk in levels]
    for _, ids in list(sent):
        refresh_picks(**ids)
    assert list(Pick.objects.values_list("glitch", flat=True)) == [glitch.pk]
    sent.clear()
    sweeps.sweep_picks()
    assert sent == []


def test_the_audit_is_swept(taxonomy, settings):
    settings.AUDIT_RATE = 1.0
    glitch = make_glitch(1)
    sweep_audit()
    sweep_audit()
    assert Pick.objects.get().glitch == glitch


def test_without_a_version_nothing_is_scored(sent, taxonomy):
    make_glitch(1)
    sweeps.sweep_scores()
    assert sent == []


def test_what_is_new_is_scored_soon_and_what_was_left_behind_later(sent, taxonomy, monkeypatch):
    monkeypatch.setattr("labeling.selectors.latest.LATE", 0)
    version = make_version(1, routed_at=timezone.now())
    left, scored = make_glitch(1), make_glitch(2)
    message = (jobs.SCORE_GLITCHES, {"version_id": version.pk})
    predict(version, scored, 0.6, 0.4)
    sweeps.sweep_scores()
    assert sent == []
    sweeps.sweep_whole()
    assert sent == [message]
    predict(version, left, 0.6, 0.4)
    sweeps.sweep_whole()
    sweeps.sweep_scores()
    assert sent == [message]
    make_glitch(3)
    sweeps.sweep_scores()
    assert sent == [message] * 2


def test_a_glitch_that_missed_its_draw_gets_it(taxonomy, settings, monkeypatch):
    monkeypatch.setattr("labeling.selectors.latest.LATE", 0)
    settings.AUDIT_RATE = 1.0
    missed = make_glitch(1, is_reserved=True)
    make_glitch(2)
    sweep_audit()
    Glitch.objects.filter(pk=missed.pk).update(is_reserved=False)
    sweep_audit()
    assert AuditedGlitch.objects.count() == 1
    sweeps.sweep_whole()
    assert AuditedGlitch.objects.count() == 2


def test_priors_are_the_shares_of_what_was_labeled(taxonomy):
    for number in range(8):
        make_glitch(number, gold_label="Blip" if number < 6 else "Whistle")
    refresh_class_priors()
    for label in ("Blip", "Whistle", "None_of_the_Above", "Tomte"):
        taxonomy[label].refresh_from_db()
    # 6.5 and 2.5 answers, .8 for None_of_the_Above, .5 for each of the 19 others.
    total = 6.5 + 2.5 + 0.8 + 19 * 0.5
    assert taxonomy["Blip"].prior == pytest.approx(6.5 / total)
    assert taxonomy["None_of_the_Above"].prior == pytest.approx(0.8 / total)
    assert taxonomy["Tomte"].prior == pytest.approx(0.5 / total)


def test_every_sweep_has_its_time_and_expires_before_the_next():
    for entry in schedule.app.conf.beat_schedule.values():
        assert entry["options"]["expires"] <= entry["schedule"]
        assert entry["task"] in schedule.app.tasks


def test_visits_that_ended_long_ago_are_cleared_away(settings):
    settings.ANONYMOUS_VOTING = True
    old, new = begin_visit(), begin_visit()
    User.objects.filter(pk=old.pk).update(date_joined=timezone.now() - timedelta(days=90))
    sweeps.sweep_visits()
    assert list(User.objects.all()) == [new]


def test_the_cache_is_kept_within_its_room(settings):
    """Two entries of 228 bytes (128 of head) and room for one: the older one goes."""
    store = ArrayStore(settings.CACHE_FOLDER)
    for key, used in (("older", 1000), ("newer", 2000)):
        store.put(key, np.zeros(100, np.uint8))
        os.utime(store.path(key), (used, used))
    settings.CACHE_BYTES = 300
    assert sweeps.sweep_cache() == 228
    assert (store.get("older"), len(store.get("newer"))) == (None, 100)
