"""Skills that nothing names any more, deleted volunteer by volunteer.

Every answer on gold writes a row of ``Skill``. One is kept while it is its volunteer's current one
or while a consensus names it. A consensus can only name skills of those who voted on its glitch, so
the votes of the volunteer lead to all that may: no index on the consensus is needed, which every
vote would have to write, and the cost does not grow with the tables but with one person's votes.

**The race.** A vote reads the current skills of all who voted on its glitch and names them when it
commits; meanwhile one of them may answer gold, and the skill read is no longer current and not
named yet. All who read skills to name them hold a lock on the glitch first, so they have a
transaction number by then. So: note which skills are neither current nor named, and the next
transaction number; wait until all below it have ended; then look again. Who had read such a skill
has named it by now, and who begins later reads a newer one.
"""

import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from labeling.models import User
from labeling.services.locks import crowd_lock

# Long replaced: whoever reads stored results, as recompute_consensus does, finds them whole.
REPLACED = timedelta(hours=1)
# Fewer such rows of one volunteer are not worth the reading of the votes.
STALE_MIN = 50
DELETED_AT_ONCE = 1000

STALE = """
SELECT s.id FROM labeling_skill s
WHERE s.volunteer_id = %(volunteer)s
    AND s.id < (SELECT max(n.id) FROM labeling_skill n
        WHERE n.volunteer_id = %(volunteer)s AND n.created_at <= %(replaced)s)
"""
# The one that a user goes by is never stale; asked all the same, for the deletion is for ever.
NAMED = """
SELECT unnest(c.skills) FROM labeling_vote v JOIN labeling_consensus c ON c.glitch_id = v.glitch_id
WHERE v.volunteer_id = %(volunteer)s AND v.batch_id IS NULL
UNION SELECT skill_id FROM labeling_user WHERE id = %(volunteer)s
"""
UNNAMED = f"""
WITH named (id) AS MATERIALIZED ({NAMED})
SELECT stale.id, pg_snapshot_xmax(pg_current_snapshot())::text::bigint FROM ({STALE}) stale
WHERE NOT EXISTS (SELECT FROM named WHERE named.id = stale.id)
ORDER BY stale.id LIMIT {DELETED_AT_ONCE}
"""  # noqa: S608 (fixed texts)
DELETE = f"""
WITH named (id) AS MATERIALIZED ({NAMED})
DELETE FROM labeling_skill s WHERE s.id = ANY(%(ids)s)
    AND NOT EXISTS (SELECT FROM named WHERE named.id = s.id)
"""  # noqa: S608 (fixed texts)
DELETE_AGREED = """
DELETE FROM labeling_agreedanswers a WHERE a.volunteer_id = %(volunteer)s
    AND NOT EXISTS (SELECT FROM labeling_skill s WHERE s.agreed_id = a.id)
"""
HAVE_STALE = """
SELECT u.id FROM labeling_user u
WHERE u.id = ANY(%(volunteers)s) AND (
    SELECT count(*) FROM (
        SELECT FROM labeling_skill s WHERE s.volunteer_id = u.id LIMIT %(least)s
    ) counted
) >= %(least)s
ORDER BY u.id
"""


def prune_some_skills(
    after: int, now: datetime, *, at_most: int = 1000, wait_seconds: float = 20
) -> int | None:
    """Prune the next volunteers by id; the last one looked at, or None where that was the end.

    Not within a transaction. Where another one stays open for longer than ``wait_seconds``, or
    agreed answers are being written, the end has come as well: the next sweep begins anew.
    """
    users = User.objects.filter(pk__gt=after, skill__isnull=False).order_by("pk")
    some = list(users.values_list("pk", flat=True)[:at_most])
    with crowd_lock() as is_mine:
        if not some or not is_mine:
            return None
        for (volunteer,) in _run(HAVE_STALE, {"volunteers": some, "least": STALE_MIN}):
            if _prune(volunteer, now, wait_seconds) is None:
                return None
    return some[-1]


def _prune(volunteer_id: int, now: datetime, wait_seconds: float) -> int | None:
    """Delete the volunteer's skills that nothing names; how many, or None where it was in vain."""
    values = {"volunteer": volunteer_id, "replaced": now - REPLACED}
    deleted = 0
    while unnamed := _run(UNNAMED, values):
        if not _wait_for_all_before(unnamed[0][1], wait_seconds):
            return None
        gone = _delete([pk for pk, _ in unnamed], values)
        deleted += gone
        if gone == 0:
            break
    return deleted


@transaction.atomic
def _delete(ids: Sequence[int], values: dict[str, Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(DELETE, values | {"ids": list(ids)})
        deleted: int = cursor.rowcount
        cursor.execute(DELETE_AGREED, values)
    return deleted


def _wait_for_all_before(number: int, seconds: float) -> bool:
    """Whether all transactions below this number have ended, within so many seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        ((oldest,),) = _run("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint", {})
        if oldest >= number:
            return True
        time.sleep(0.05)
    return False


def _run(statement: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()
