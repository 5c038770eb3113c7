"""Scoring leaves alone what it cannot read, and what another worker is at."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from labeling import jobs
from labeling.celery import app
from labeling.models import (
    Glitch,
    Look,
    ModelVersion,
    Picture,
    Prediction,
    TaskError,
    UnreadableGlitch,
)
from labeling.services.locks import SCORING
from labeling.services.predictions import are_new_unscored, unscored_glitches
from labeling.services.storage import path_of
from labeling.services.training import request_training
from tests.conftest import make_glitch
from tests.workers.test_training import FAST, import_two_classes
from workers.scoring import score_glitches
from workers.training import run_training

pytestmark = pytest.mark.django_db


@pytest.fixture
def trained(settings):
    settings.RUN_LEASE_SECONDS = 3600  # a test's transaction hides the run from its thread
    import_two_classes()
    run_training(request_training(None, "first gold", FAST | {"epochs": 0}).pk)
    return ModelVersion.objects.get()


def break_pictures(glitch: Glitch) -> list[tuple[Path, bytes]]:
    """Make its files unreadable; what they held."""
    files = [path_of(picture) for picture in Picture.objects.filter(glitch=glitch)]
    held = [(file, file.read_bytes()) for file in files]
    for file in files:
        file.write_bytes(b"no picture")
    return held


def test_what_cannot_be_read_is_noted_and_tried_again_when_there_is_a_chance(trained):
    broken = Glitch.objects.order_by("-pk").first()  # among those that no training needed
    held = break_pictures(broken)
    bare = make_glitch(5000)
    Picture.objects.filter(glitch=bare).delete()
    assert score_glitches() == 23
    notes = dict(UnreadableGlitch.objects.values_list("glitch", "code"))
    assert notes == {broken.pk: "unsupported_picture_type", bare.pk: "no_picture"}
    assert not unscored_glitches(trained).exists()
    assert not are_new_unscored(trained)

    for file, data in held:
        file.write_bytes(data)
    assert score_glitches() == 0
    UnreadableGlitch.objects.update(tried_at=timezone.now() - timedelta(days=2))
    assert set(unscored_glitches(trained)) == {broken, bare}
    assert score_glitches() == 1
    assert UnreadableGlitch.objects.get().glitch == bare

    Glitch.objects.filter(pk=bare.pk).update(content_digest="of other pictures")
    assert unscored_glitches(trained).get() == bare


def test_a_scoring_that_cannot_go_on_is_one_error_and_not_one_each_time(trained, settings):
    (settings.MODELS_FOLDER / trained.weights).write_bytes(b"half of a fi")
    first, again = score_glitches.apply(), score_glitches.apply()
    assert (first.state, again.state) == ("FAILURE", "FAILURE")
    error = TaskError.objects.get()
    assert (error.task, error.times) == (score_glitches.name, 2)
    assert "classifier 1" in error.error
    assert error.at > error.first_at


def test_a_version_is_scored_by_one_worker_at_a_time(trained):
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s, %s)", [SCORING, trained.pk])
    assert score_glitches() == 0
    assert not Prediction.objects.exists()
    other.close()  # it died
    assert score_glitches() == 24
    assert score_glitches() == 0


@pytest.fixture
def sent(monkeypatch):
    """The names and arguments of the tasks that were sent."""
    sent = []
    monkeypatch.setattr(jobs, "send_now", lambda name, **ids: sent.append((name, ids)))
    monkeypatch.setattr("workers.scoring.CHUNK", 10)
    return sent


@pytest.fixture
def serving():
    """Have this process take messages from queues, as a worker's -Q does."""
    queues = app.amqp.queues
    before = queues._consume_from
    yield queues.select
    queues._consume_from = before


def test_what_a_turn_leaves_goes_behind_those_that_wait(trained, sent, monkeypatch):
    """24 glitches by ten: each turn is over after its first chunk."""
    monkeypatch.setattr("workers.turns.TURN_SECONDS", 0)
    assert [score_glitches() for _ in range(4)] == [10, 10, 4, 0]
    again = (jobs.SCORE_GLITCHES, {"version_id": trained.pk, "expires_seconds": 20})
    assert sent == [again] * 3  # the last finds nothing, and no more is sent


@pytest.mark.parametrize(
    ("queues", "state", "stored"),
    [
        (["looks", "predictions"], "requested", 10),
        (["looks", "predictions"], "running", 24),  # somebody is at it
        (["predictions"], "requested", 24),  # another worker takes looks
    ],
)
def test_a_look_waits_for_one_chunk_at_most(trained, sent, serving, queues, state, stored):
    Look.objects.create(state=state, expires_at=timezone.now() + timedelta(hours=1))
    serving(queues)
    assert score_glitches() == stored
    assert [name for name, _ids in sent] == [jobs.SCORE_GLITCHES] * (stored < 24)


def test_looks_are_taken_before_predictions():
    """A worker of both empties one queue, then the other, whatever came first."""
    taken = []

    def take(body, message):
        taken.append(message.headers["task"])
        message.ack()

    queues = [app.amqp.queues[name] for name in ("predictions", "looks")]
    with app.connection_for_read() as broker:
        consumer = broker.Consumer(queues, callbacks=[take], prefetch_count=1)
        consumer.purge()  # what other tests sent
        for name in (jobs.SCORE_GLITCHES, jobs.FOLLOW_TRIAL, jobs.LOOK, jobs.LOOK):
            jobs.send_now(name)
        with consumer:
            while len(taken) < 4:
                broker.drain_events(timeout=30)
    assert taken == [jobs.LOOK, jobs.LOOK, jobs.SCORE_GLITCHES, jobs.FOLLOW_TRIAL]
