"""Status: the figures, and what it says when a part is down."""

import time
from datetime import timedelta

import pytest
from django.db import OperationalError
from django.utils import timezone

from labeling import jobs
from labeling.models import Glitch, TaskError, TrainingRun
from labeling.selectors import status as selector
from labeling.services.proposals import accept_for_vote
from tests.conftest import make_glitch
from tests.labeling.api.conftest import make_proposal_with_decoys, make_version, predict

pytestmark = pytest.mark.django_db
STATUS = "/api/v1/status"


def test_an_empty_house(pipeline):
    assert pipeline.get(STATUS).json() == {
        "glitches": 0,
        "open": 0,
        "retired": {},
        "unknown_pool": 0,
        "votes": 0,
        "visitor_votes": 0,
        "workers": [],
        "unserved": ["default", "gpu", "looks", "predictions"],
        "queues": {"default": 0, "gpu": 0, "looks": 0, "predictions": 0},
        "active": {},
        "scored": 0,
        "unreadable": 0,
        "batches": [],
        "last_training": None,
        "training_pause": None,
        "last_discovery": None,
        "errors": [],
    }


def test_why_the_house_asks_for_no_training(pipeline):
    ended = timezone.now()
    run = TrainingRun.objects.create(
        state="failed", error="No room.", ended_at=ended, settings={"recipe": "auto"}
    )
    assert pipeline.get(STATUS).json()["training_pause"] == {
        "until": (ended + timedelta(hours=6)).isoformat(),
        "words": f"Training {run.pk}, by the site's own settings, failed: No room.",
        "training": run.pk,
        "state": "failed",
        "error": "No room.",
    }


def test_a_busy_house(pipeline, taxonomy):
    proposal = make_proposal_with_decoys(members=4)  # and three gold glitches
    accept_for_vote(proposal.pk, name="Arch", by=None)
    retired = make_glitch(50)
    Glitch.objects.filter(pk=retired.pk).update(
        retired_at="2020-01-01T00:00Z", retire_reason="consensus"
    )
    make_glitch(51, is_reserved=True)
    predict(make_version(3), make_glitch(52), 0.45, 0.4)
    TrainingRun.objects.create(state="failed", error_code="nan_loss", error="The loss is NaN")
    TaskError.objects.create(task=jobs.RUN_TRAINING, error="ValueError('x')\nand more")
    got = pipeline.get(STATUS).json()
    assert (got["glitches"], got["open"], got["retired"]) == (10, 5, {"consensus": 1})
    assert (got["active"], got["scored"], got["unknown_pool"]) == ({"classifier": 3}, 1, 1)
    assert got["batches"] == [
        {
            "proposal": proposal.pk,
            "name": "Arch",
            "state": "open",
            "open": 3,
            "decided": 1,
            "total": 4,
        }
    ]
    assert got["last_training"]["error_code"] == "nan_loss"
    assert got["last_training"]["model_version"] is None
    assert [(e["task"], e["error"]) for e in got["errors"]] == [
        (jobs.RUN_TRAINING, "ValueError('x')")
    ]


def test_messages_that_wait_are_counted(pipeline):
    from labeling.celery import app

    jobs.send_now(jobs.RUN_TRAINING, run_id=1)
    try:
        waiting = pipeline.get(STATUS).json()["queues"]
        assert waiting == {"default": 0, "gpu": 1, "looks": 0, "predictions": 0}
    finally:
        with app.connection_for_write() as connection:
            connection.channel().queue_purge("gpu")


def test_a_broker_that_is_down_is_said_soon_and_hides_nothing(pipeline, settings):
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"
    start = time.monotonic()
    got = pipeline.get(STATUS)
    assert time.monotonic() - start < 2
    assert got.status_code == 200
    assert "broker" in got.json()["workers"]["error"]
    assert "broker" in got.json()["unserved"]["error"]
    assert "refused" in got.json()["queues"]["error"]
    assert got.json()["glitches"] == 0


def test_a_part_that_fails_reads_as_an_error(pipeline, monkeypatch):
    def fail():
        raise OperationalError("canceling statement due to statement timeout\nCONTEXT: ...")

    monkeypatch.setattr(selector, "_scored", fail)
    got = pipeline.get(STATUS).json()
    assert got["scored"] == {
        "error": "The database does not answer: canceling statement due to statement timeout"
    }
    assert got["votes"] == 0
