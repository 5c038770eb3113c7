"""What the broker knows: the workers that answer, their queues, and how much waits there."""

from collections.abc import Mapping, Sequence
from typing import Any

import redis
from django.conf import settings
from django.utils.translation import gettext as _
from kombu.exceptions import OperationalError
from redis.backoff import NoBackoff
from redis.retry import Retry

from labeling import jobs
from labeling.celery import app

CONNECT_SECONDS = 0.5
ANSWER_SECONDS = 0.5

BROKER_DOWN = (redis.RedisError, OperationalError, OSError)


def queue_lengths() -> dict[str, int]:
    """Queue -> messages that no worker has taken yet. Raises one of ``BROKER_DOWN``, at once."""
    url = settings.CELERY_BROKER_URL.replace("redis+socket://", "unix://", 1)
    with redis.Redis.from_url(
        url,
        socket_connect_timeout=CONNECT_SECONDS,
        socket_timeout=2 * CONNECT_SECONDS,
        # Without this redis-py tries again for seconds: a status page is there to say so instead.
        retry=Retry(NoBackoff(), 0),
    ) as client:
        return {queue: int(client.llen(queue)) for queue in jobs.ALL_QUEUES}


def alive_workers() -> list[dict[str, Any]]:
    """Name and queues of the workers that answered within half a second.

    Workers of the pools prefork and threads answer while they work; one of the pool solo does not.
    Raises one of ``BROKER_DOWN``.
    """
    replies = app.control.inspect(timeout=ANSWER_SECONDS).active_queues() or {}
    return [
        {"name": name, "queues": sorted(queue["name"] for queue in replies[name])}
        for name in sorted(replies)
    ]


def unserved_queues(workers: Sequence[Mapping[str, Any]]) -> list[str]:
    """The queues that none of these workers takes messages from."""
    served = {queue for worker in workers for queue in worker["queues"]}
    return [queue for queue in jobs.ALL_QUEUES if queue not in served]


def nobody_trains() -> str:
    """Why a training that was asked for may stand still; "" where a worker for it is there."""
    queue = jobs.QUEUES[jobs.RUN_TRAINING]
    try:
        if queue not in unserved_queues(alive_workers()):
            return ""
    except BROKER_DOWN:
        return _("The broker cannot be reached. The training starts by itself once it is back.")
    return _(
        "No worker of the queue %(queue)s answers. The training starts by itself once one is up."
    ) % {"queue": queue}
