"""Lending one glitch: each stream's choice, its lease and its assignment in one statement.

One statement is one round trip and one snapshot: what was chosen is locked, counted and written
down before anybody else can look. Rows that others hold are skipped, never waited for, and locked
FOR NO KEY UPDATE: nothing here changes a key, and foreign-key checks of other commits must not
wait. The conditions stand on the row that is locked, so that Postgres checks them again on its
newest version. The statements are fixed texts, prepared once a connection. What is open after it
is read in the same round trip.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError

from labeling.database.prepared import fetch
from labeling.errors import from_integrity_error
from labeling.selectors.assignments import OPEN, OpenAssignment, open_assignments

HELD = """
WITH held AS (
    SELECT count(*) AS n FROM labeling_assignment
    WHERE volunteer_id = %(volunteer)s AND state = 'open' AND leased_until > %(now)s
)"""
MOST_AHEAD = 3
# Of a glitch g: it needs a vote more, and this volunteer has not seen it. No NOT EXISTS: Postgres
# may make a hash join of it that reads all that a volunteer has ever seen.
FREE = """g.votes_needed > g.votes_count + g.leases_open
        AND (SELECT true FROM labeling_vote v WHERE v.volunteer_id = %(volunteer)s
            AND v.glitch_id = g.id AND v.batch_id IS NULL LIMIT 1) IS NOT TRUE
        AND (SELECT true FROM labeling_assignment a WHERE a.volunteer_id = %(volunteer)s
            AND a.glitch_id = g.id AND a.state = 'open' LIMIT 1) IS NOT TRUE"""
TAKE_ONE = "LIMIT 1 FOR NO KEY UPDATE OF g SKIP LOCKED"


def first_of(choices: Iterable[str], limit: int = 1) -> str:
    """The first rows that any of these finds; a later one is run as far as an earlier one fell
    short.
    """
    branches = " UNION ALL ".join(
        f"SELECT * FROM ({choice}) AS choice_{n}"  # noqa: S608 (fixed texts)
        for n, choice in enumerate(choices)
    )
    return f"SELECT * FROM ({branches}) AS choices LIMIT {limit}"  # noqa: S608 (fixed texts)


def from_anywhere(choice: str, start: str = "%(start)s") -> list[str]:
    """``choice`` from behind a place of its queue on, and from the beginning up to there.

    Two index scans, whose cost does not grow with the queue but with what is passed over on it.
    """
    return [choice.replace("FROM_HERE", f"{after} {start}") for after in (">", "<=")]


def lend_chosen(choice: str, stream: str = "%(stream)s") -> str:
    """The statement that leases what ``choice`` finds, (id, why) of a glitch, on the glitch."""
    return f"""{HELD}, chosen AS ({choice}), leased AS (
    UPDATE labeling_glitch g SET leases_open = leases_open + 1 FROM chosen
    WHERE g.id = chosen.id RETURNING g.id, chosen.why
), lent AS (
    INSERT INTO labeling_assignment (volunteer_id, glitch_id, workflow_id, offered_id, stream, why,
        state, leased_until, created_at)
    SELECT %(volunteer)s, id, %(workflow)s, %(offered)s, {stream}, why, 'open', %(until)s, %(now)s
    FROM leased RETURNING id
)
SELECT id FROM lent
"""  # noqa: S608 (fixed texts)


# Each volunteer goes through the queue in its order, from a random place on: what was seen lies
# behind, and is passed again only once in a round. From another random place each time, what was
# seen would lie in long runs that most starts fall into, as in hashing with linear probing (Knuth
# 1963): with 95 % seen 200 rows would be passed a lease, with 99 % 5,000.
POOL_CHOICE = f"""
    SELECT g.id, NULL::jsonb AS why FROM labeling_glitch g
    WHERE (SELECT n FROM held) < %(want)s
        AND g.workflow_id = %(workflow)s AND g.retired_at IS NULL AND NOT g.is_reserved
        AND g.queue_key FROM_HERE AND {FREE}
    ORDER BY g.queue_key """  # noqa: S608 (fixed texts)
POOL_CHOICES = from_anywhere(POOL_CHOICE, "%(place)s")
POOL = lend_chosen(first_of(choice + TAKE_ONE for choice in POOL_CHOICES), "'pool'")

# Picks of active learning or of the audit. At most so many are looked at, from a place on that
# chance chooses: what a lease costs does not depend on how many are taken, or seen, already.
PICKS_LOOKED_AT = 64
PICK_CHOICE = f"""
    SELECT g.id, p.why FROM labeling_pick p JOIN labeling_glitch g ON g.id = p.glitch_id
    WHERE (SELECT n FROM held) < %(want)s
        AND p.pick_list_id = %(pick_list)s AND p.rank >= %(first)s AND p.rank < %(end)s
        AND (g.retired_at IS NOT NULL) = p.after_retirement AND NOT g.is_reserved
        AND (p.after_retirement OR g.workflow_id = %(workflow)s) AND {FREE}
    ORDER BY p.rank """  # noqa: S608 (fixed texts)
PICK = lend_chosen(PICK_CHOICE + TAKE_ONE)

# Gold needs no votes: it is not leased, and anybody may be asked it at the same time.
# What the field guide shows would be no question: it comes last. So many are looked at on either
# side of a place that chance chooses; whoever has answered them all is asked something else.
GOLD_LOOKED_AT_EACH_WAY = 64
GOLD_CHOICE = f"""
    SELECT l.glitch_id FROM (
        SELECT * FROM labeling_goldlabel
        WHERE (SELECT n FROM held) < %(want)s
            AND glitch_class_id = %(class)s AND queue_key FROM_HERE
        ORDER BY queue_key DIRECTION LIMIT {GOLD_LOOKED_AT_EACH_WAY}
    ) l WHERE IS_SHOWN
        AND (SELECT true FROM labeling_vote v WHERE v.volunteer_id = %(volunteer)s
            AND v.glitch_id = l.glitch_id AND v.batch_id IS NULL LIMIT 1) IS NOT TRUE
        AND (SELECT true FROM labeling_assignment a WHERE a.volunteer_id = %(volunteer)s
            AND a.glitch_id = l.glitch_id AND a.state = 'open' LIMIT 1) IS NOT TRUE
    LIMIT 1
"""  # noqa: S608 (fixed texts)
GOLD_CHOICES = [
    choice.replace("IS_SHOWN", shown).replace("DIRECTION", direction)
    for shown in ("NOT l.is_shown", "l.is_shown")
    for choice, direction in zip(from_anywhere(GOLD_CHOICE), ("ASC", "DESC"), strict=True)
]
GOLD = f"""{HELD}, chosen AS ({first_of(GOLD_CHOICES)}), lent AS (
    INSERT INTO labeling_assignment
        (volunteer_id, glitch_id, workflow_id, offered_id, stream, state, leased_until, created_at)
    SELECT %(volunteer)s, glitch_id, %(workflow)s, %(offered)s, 'gold', 'open', %(until)s, %(now)s
    FROM chosen RETURNING id
)
SELECT id FROM lent
"""  # noqa: S608 (fixed texts)

BATCH_CHOICE = """
    SELECT b.id, b.glitch_id FROM labeling_batchglitch b
    WHERE (SELECT n FROM held) < %(want)s
        AND b.batch_id = asked.batch AND b.decided_at IS NULL
        AND b.votes_needed > b.votes_count + b.leases_open
        AND b.queue_key FROM_HERE
        AND (SELECT true FROM labeling_vote v WHERE v.volunteer_id = %(volunteer)s
            AND v.glitch_id = b.glitch_id AND v.batch_id = b.batch_id LIMIT 1) IS NOT TRUE
        AND (SELECT true FROM labeling_assignment a WHERE a.volunteer_id = %(volunteer)s
            AND a.glitch_id = b.glitch_id AND a.state = 'open' LIMIT 1) IS NOT TRUE
    ORDER BY b.queue_key LIMIT 1
    FOR NO KEY UPDATE OF b SKIP LOCKED
"""
# A batch is looked at where those before it had nothing: LIMIT ends the loop.
FIRST_BATCH = f"""
    SELECT found.* FROM unnest(%(batches)s::bigint[]) WITH ORDINALITY AS asked (batch, place)
    CROSS JOIN LATERAL ({first_of(from_anywhere(BATCH_CHOICE))}) AS found
    ORDER BY asked.place LIMIT 1
"""  # noqa: S608 (fixed texts)
BATCH = f"""{HELD}, chosen AS ({FIRST_BATCH}), leased AS (
    UPDATE labeling_batchglitch b SET leases_open = leases_open + 1 FROM chosen
    WHERE b.id = chosen.id RETURNING b.id, b.glitch_id
), lent AS (
    INSERT INTO labeling_assignment
        (volunteer_id, glitch_id, batch_glitch_id, stream, state, leased_until, created_at)
    SELECT %(volunteer)s, glitch_id, id, 'batch', 'open', %(until)s, %(now)s
    FROM leased RETURNING id
)
SELECT id FROM lent
"""  # noqa: S608 (fixed texts)


@dataclass(frozen=True)
class Wish:
    """Who wants how many, and until when the one lease lasts that is given now.

    ``start``: place in [0, 1), by chance, from which gold, batches and picks are looked at;
    ``place``: how far the volunteer has come in the pool's queue, likewise in [0, 1).
    """

    volunteer: int
    want: int
    now: datetime
    until: datetime
    start: float
    place: float


@dataclass(frozen=True)
class Lent:
    """What is open now, the oldest first; ``is_new``: whether one of it has been lent just now."""

    held: list[OpenAssignment]
    is_new: bool


def lend_from_pool(wish: Wish, *, workflow: int, offered: int) -> Lent:
    """A glitch of a level that this volunteer has not seen and that needs a vote more."""
    return lend(POOL, wish, workflow=workflow, offered=offered)


def lend_from_picks(
    wish: Wish, *, pick_list: int, size: int, stream: str, workflow: int, offered: int
) -> Lent:
    """One of the picks of a list of ``size``; those in front are come upon more often."""
    where = {"pick_list": pick_list, "workflow": workflow, "offered": offered, "stream": stream}
    return lend(PICK, wish, **where, **looked_at(wish, size))


def looked_at(wish: Wish, size: int) -> dict[str, int]:
    """The part of a list of picks that is looked at: ``first`` up to before ``end``."""
    first = int(wish.start**2 * max(size - PICKS_LOOKED_AT + 1, 1))
    return {"first": first, "end": first + PICKS_LOOKED_AT}


def lend_gold(wish: Wish, *, workflow: int, offered: int, class_id: int) -> Lent:
    """A gold glitch of a class."""
    return lend(GOLD, wish, workflow=workflow, offered=offered, **{"class": class_id})


def lend_from_batches(wish: Wish, batches: Iterable[int]) -> Lent:
    """A glitch of the first of these batches that has one to ask this volunteer about."""
    return lend(BATCH, wish, batches=list(batches))


def lend(statement: str, wish: Wish, **where: Any) -> Lent:
    """Run a statement of this module's kind and read what is open then."""
    values = vars(wish) | where | {"at_most": MOST_AHEAD}
    for _ in range(2):
        try:
            held = [OpenAssignment(*row) for row in fetch(values, statement, OPEN)]
            return Lent(held, any(one.leased_until == wish.until for one in held))
        except IntegrityError as error:
            refusal = from_integrity_error(error)
            if refusal is None or refusal.code != "already_assigned":
                raise
            # Two requests of one volunteer chose the same glitch; the other one has it.
    return nothing_lent(wish)


def nothing_lent(wish: Wish) -> Lent:
    """What is open where nothing was looked for."""
    return Lent(open_assignments(wish.volunteer, wish.now, at_most=MOST_AHEAD), is_new=False)
