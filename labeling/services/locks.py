"""Locks of whole jobs, held by one worker at a time."""

import contextlib
from collections.abc import Iterator

from django.db import connection

# Any number that nothing else in this database uses: "nota" and a place.
CROWD = 0x6E6F7461_01


@contextlib.contextmanager
def crowd_lock() -> Iterator[bool]:
    """Whether this worker may write what the crowd's agreement says of skills: one at a time.

    It is a session's advisory lock: it ends with the connection of a worker that dies. A pooler
    between worker and Postgres must keep sessions (PgBouncer: pool_mode=session).
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [CROWD])
        (is_mine,) = cursor.fetchone()
    try:
        yield is_mine
    finally:
        if is_mine and connection.connection is not None and not connection.connection.closed:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [CROWD])
