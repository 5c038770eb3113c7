"""Locks of whole jobs, held by one worker at a time."""

import contextlib
from collections.abc import Iterator
from contextlib import AbstractContextManager

from django.db import connection

# Any numbers that nothing else in this database uses: "nota" and a place, or and a row's id.
CROWD = 0x6E6F7461_01
SCORING = 0x6E6F7461


def crowd_lock() -> AbstractContextManager[bool]:
    """Whether this worker may write what the crowd's agreement says of skills: one at a time."""
    return _lock(CROWD)


def scoring_lock(version_id: int, *, wait: bool = False) -> AbstractContextManager[bool]:
    """Whether this worker may predict by this version what it has not predicted: one at a time.

    ``wait``: until it may, which is a turn of the others at most.
    """
    return _lock(SCORING, version_id, wait=wait)


@contextlib.contextmanager
def _lock(*key: int, wait: bool = False) -> Iterator[bool]:
    """Hold the lock, one number or two, until the block ends; False where another one has it.

    It is a session's advisory lock: it ends with the connection of a worker that dies. A pooler
    between worker and Postgres must keep sessions (PgBouncer: pool_mode=session).
    """
    numbers = ", ".join(["%s"] * len(key))
    with connection.cursor() as cursor:
        if wait:
            cursor.execute(f"SELECT pg_advisory_lock({numbers})", key)
            is_mine = True
        else:
            cursor.execute(f"SELECT pg_try_advisory_lock({numbers})", key)
            (is_mine,) = cursor.fetchone()
    try:
        yield is_mine
    finally:
        if is_mine and connection.connection is not None and not connection.connection.closed:
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT pg_advisory_unlock({numbers})", key)
