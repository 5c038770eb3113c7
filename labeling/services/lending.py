"""Lending one glitch: each stream's choice, its lease and its assignment in one statement.

One statement is one round trip and one snapshot: what was chosen is locked, counted and written
down before anybody else can look. Rows that others hold are skipped, never waited for, and locked
FOR NO KEY UPDATE: nothing here changes a key, and foreign-key checks of other commits must not
wait. The conditions stand on the row that is locked, so that Postgres checks them again on its
newest version. The statements are fixed texts; only values are passed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, connection

from labeling.errors import from_integrity_error

# Leaves the place in the queue to chance at a cost that does not grow with it: an index scan from
# there on. A second try from the beginning follows where nothing was found behind.
POOL = """
WITH held AS (
    SELECT count(*) AS n FROM labeling_assignment
    WHERE volunteer_id = %(volunteer)s AND state = 'open' AND leased_until > %(now)s
), chosen AS (
    SELECT g.id FROM labeling_glitch g
    WHERE (SELECT n FROM held) < %(want)s
        AND g.workflow_id = %(workflow)s AND g.retired_at IS NULL AND NOT g.is_reserved
        AND g.votes_needed > g.votes_count + g.leases_open
        AND g.queue_key >= %(start)s
        AND NOT EXISTS (SELECT FROM labeling_vote v WHERE v.volunteer_id = %(volunteer)s
            AND v.glitch_id = g.id AND v.batch_id IS NULL)
        AND NOT EXISTS (SELECT FROM labeling_assignment a WHERE a.volunteer_id = %(volunteer)s
            AND a.glitch_id = g.id AND a.state = 'open')
    ORDER BY g.queue_key LIMIT 1
    FOR NO KEY UPDATE OF g SKIP LOCKED
), leased AS (
    UPDATE labeling_glitch g SET leases_open = leases_open + 1 FROM chosen
    WHERE g.id = chosen.id RETURNING g.id
), lent AS (
    INSERT INTO labeling_assignment
        (volunteer_id, glitch_id, workflow_id, offered_id, stream, state, leased_until, created_at)
    SELECT %(volunteer)s, id, %(workflow)s, %(offered)s, 'pool', 'open', %(until)s, %(now)s
    FROM leased RETURNING id
)
SELECT (SELECT n FROM held), (SELECT id FROM lent)
"""

# Gold needs no votes: it is not leased, and anybody may be asked it at the same time.
GOLD = """
WITH held AS (
    SELECT count(*) AS n FROM labeling_assignment
    WHERE volunteer_id = %(volunteer)s AND state = 'open' AND leased_until > %(now)s
), chosen AS (
    SELECT l.glitch_id FROM labeling_goldlabel l
    WHERE (SELECT n FROM held) < %(want)s
        AND l.glitch_class_id = %(class)s AND l.is_shown = %(shown)s
        AND l.queue_key >= %(start)s
        AND NOT EXISTS (SELECT FROM labeling_vote v WHERE v.volunteer_id = %(volunteer)s
            AND v.glitch_id = l.glitch_id AND v.batch_id IS NULL)
        AND NOT EXISTS (SELECT FROM labeling_assignment a WHERE a.volunteer_id = %(volunteer)s
            AND a.glitch_id = l.glitch_id AND a.state = 'open')
    ORDER BY l.queue_key LIMIT 1
), lent AS (
    INSERT INTO labeling_assignment
        (volunteer_id, glitch_id, workflow_id, offered_id, stream, state, leased_until, created_at)
    SELECT %(volunteer)s, glitch_id, %(workflow)s, %(offered)s, 'gold', 'open', %(until)s, %(now)s
    FROM chosen RETURNING id
)
SELECT (SELECT n FROM held), (SELECT id FROM lent)
"""

BATCH = """
WITH held AS (
    SELECT count(*) AS n FROM labeling_assignment
    WHERE volunteer_id = %(volunteer)s AND state = 'open' AND leased_until > %(now)s
), chosen AS (
    SELECT b.id, b.glitch_id FROM labeling_batchglitch b
    WHERE (SELECT n FROM held) < %(want)s
        AND b.batch_id = %(batch)s AND b.decided_at IS NULL
        AND b.votes_needed > b.votes_count + b.leases_open
        AND b.queue_key >= %(start)s
        AND NOT EXISTS (SELECT FROM labeling_vote v WHERE v.volunteer_id = %(volunteer)s
            AND v.glitch_id = b.glitch_id AND v.batch_id = b.batch_id)
        AND NOT EXISTS (SELECT FROM labeling_assignment a WHERE a.volunteer_id = %(volunteer)s
            AND a.glitch_id = b.glitch_id AND a.state = 'open')
    ORDER BY b.queue_key LIMIT 1
    FOR NO KEY UPDATE OF b SKIP LOCKED
), leased AS (
    UPDATE labeling_batchglitch b SET leases_open = leases_open + 1 FROM chosen
    WHERE b.id = chosen.id RETURNING b.id, b.glitch_id
), lent AS (
    INSERT INTO labeling_assignment
        (volunteer_id, glitch_id, batch_glitch_id, stream, state, leased_until, created_at)
    SELECT %(volunteer)s, glitch_id, id, 'batch', 'open', %(until)s, %(now)s
    FROM leased RETURNING id
)
SELECT (SELECT n FROM held), (SELECT id FROM lent)
"""


@dataclass(frozen=True)
class Wish:
    """Who wants how many, and until when a lease lasts that is given now.

    ``start``: place in [0, 1) at which a queue is entered.
    """

    volunteer: int
    want: int
    now: datetime
    until: datetime
    start: float


@dataclass(frozen=True)
class Lent:
    """``held``: open before; ``assignment``: the one lent now, or None."""

    held: int
    assignment: int | None


def lend_from_pool(wish: Wish, *, workflow: int, offered: int) -> Lent:
    """A glitch of a level that this volunteer has not seen and that needs a vote more."""
    return _lend(POOL, wish, workflow=workflow, offered=offered)


def lend_gold(wish: Wish, *, workflow: int, offered: int, class_id: int) -> Lent:
    """A gold glitch of a class. What the field guide shows would be no question: it comes last."""
    lent = Lent(0, None)
    for shown in (False, True):
        where = {"workflow": workflow, "offered": offered, "class": class_id, "shown": shown}
        lent = _lend(GOLD, wish, **where)
        if lent.assignment is not None:
            return lent
    return lent


def lend_from_batches(wish: Wish, batches: Iterable[int]) -> Lent:
    """A glitch of the first of these batches that has one to ask this volunteer about."""
    lent = Lent(0, None)
    for batch in batches:
        lent = _lend(BATCH, wish, batch=batch)
        if lent.assignment is not None:
            return lent
    return lent


def _lend(statement: str, wish: Wish, **where: Any) -> Lent:
    values = {
        "volunteer": wish.volunteer,
        "want": wish.want,
        "now": wish.now,
        "until": wish.until,
        **where,
    }
    lent = Lent(0, None)
    for start in (wish.start, 0.0):
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement, values | {"start": start})
                lent = Lent(*cursor.fetchone())
        except IntegrityError as error:
            refusal = from_integrity_error(error)
            if refusal is None or refusal.code != "already_assigned":
                raise
            # Two requests of one volunteer chose the same glitch; the other one has it.
            continue
        if lent.assignment is not None or lent.held >= wish.want:
            break
    return lent
