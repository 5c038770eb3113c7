"""Votes cast as the site casts them, by whom and on what a test says."""

import time
import uuid
from datetime import timedelta

from django.db import connection
from django.utils import timezone

from labeling.models import Assignment, Glitch, User
from labeling.services.taxonomy import current_taxonomy
from labeling.services.votes import record_vote


def cast(volunteer: User, glitch: Glitch, label: str, stream: str = "pool") -> None:
    """A vote at the top level, past the queue."""
    level = current_taxonomy().levels[-1]
    assignment = Assignment.objects.create(
        volunteer=volunteer,
        glitch=glitch,
        workflow=level.workflow,
        offered=level.offered,
        stream=stream,
        leased_until=timezone.now() + timedelta(minutes=5),
    )
    record_vote(volunteer, assignment.pk, idempotency_key=uuid.uuid4(), label=label)


def at_once(name: str) -> User:
    """A volunteer of the top level; logging in is no matter."""
    return User.objects.get_or_create(username=name, defaults={"level": 6})[0]


def wait_until_somebody_waits() -> None:
    """Returns once a session of this database waits for a lock."""
    waiting = (
        "SELECT count(*) FROM pg_locks WHERE NOT granted AND pid IN (SELECT pid FROM pg_locks "
        "WHERE database = (SELECT oid FROM pg_database WHERE datname = current_database()))"
    )
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with connection.cursor() as cursor:
            cursor.execute(waiting)
            if cursor.fetchone()[0]:
                return
        time.sleep(0.01)
    raise TimeoutError("nobody waits for a lock")
