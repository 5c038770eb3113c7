"""Rows for ``bench.votes``: simulated glitches with addresses of pictures, gold, and stored votes.

Written by set-based SQL on an empty site, in batches; the addresses lead to no files, since no
picture is fetched. Everything carries ``is_simulated``.
"""

import importlib
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.hashers import make_password
from django.db import connection

from bench.votes_bulk import bulk_load
from labeling.models import ClassList, GlitchClass, GoldLabel, User, Workflow
from labeling.services.classes import freeze_class_list, load_gravity_spy

VOTES_A_RETIRED_GLITCH = 5
GOLD = 500
DURATIONS = (0.5, 1.0, 2.0, 4.0)

OPEN_GLITCHES = """
INSERT INTO labeling_glitch (id, gravityspy_id, ifo, is_simulated, content_digest, is_reserved,
    workflow_id, votes_count, votes_needed, leases_open, retire_reason, created_at)
SELECT n, 'B' || lpad(to_hex(n), 9, '0'), 'H1', true, md5(n::text) || md5(n::text), false,
    %(workflow)s, 0, 2, 0, '', now()
FROM generate_series(%(first)s::bigint, %(last)s::bigint) n"""

PICTURES = """
INSERT INTO labeling_picture (glitch_id, duration, sha256, extension, width, height)
SELECT n, d, md5(n::text || d::text) || md5(d::text || n::text), 'png', 800, 600
FROM generate_series(%(first)s::bigint, %(last)s::bigint) n, unnest(%(durations)s::numeric[]) d"""

RETIRED_GLITCHES = """
INSERT INTO labeling_glitch (id, gravityspy_id, ifo, is_simulated, content_digest, is_reserved,
    votes_count, votes_needed, leases_open, retired_at, retire_reason, created_at)
SELECT n, 'R' || lpad(to_hex(n), 9, '0'), 'L1', true, md5(n::text) || md5(n::text), false,
    %(each)s, %(each)s, 0, now(), 'consensus', now()
FROM generate_series(%(glitch)s::bigint, %(glitch)s + (%(votes)s - 1) / %(each)s) n"""

# Each retired glitch gets its votes from volunteers that are neighbours in number.
ASKED = """
INSERT INTO labeling_assignment (id, volunteer_id, glitch_id, workflow_id, offered_id, stream,
    state, leased_until, created_at)
SELECT %(assignment)s + n, (%(volunteers)s::bigint[])[1 + n %% %(crowd)s],
    %(glitch)s + n / %(each)s, %(workflow)s, %(offered)s, 'pool', 'voted', now(), now()
FROM generate_series(0::bigint, %(votes)s - 1) n"""
STORED_VOTES = """
INSERT INTO labeling_vote (id, volunteer_id, glitch_id, assignment_id, workflow_id, offered_id,
    voted_id, was_gold, after_retirement, idempotency_key, created_at)
SELECT %(vote)s + n, (%(volunteers)s::bigint[])[1 + n %% %(crowd)s], %(glitch)s + n / %(each)s,
    %(assignment)s + n, %(workflow)s, %(offered)s,
    (%(classes)s::bigint[])[1 + (n / %(each)s) %% %(class_count)s], false, false,
    gen_random_uuid(), now()
FROM generate_series(0::bigint, %(votes)s - 1) n"""

SEEN = """
WITH asked AS (
    INSERT INTO labeling_assignment (volunteer_id, glitch_id, workflow_id, offered_id, stream,
        state, leased_until, created_at)
    SELECT %(volunteer)s, id, %(workflow)s, %(offered)s, 'pool', 'voted', now(), now()
    FROM labeling_glitch WHERE workflow_id = %(workflow)s ORDER BY id LIMIT %(seen)s
    RETURNING id, glitch_id)
INSERT INTO labeling_vote (volunteer_id, glitch_id, assignment_id, workflow_id, offered_id,
    voted_id, was_gold, after_retirement, idempotency_key, created_at)
SELECT %(volunteer)s, glitch_id, id, %(workflow)s, %(offered)s, %(class)s, false, false,
    gen_random_uuid(), now() FROM asked"""


def seed_site(crowd: int) -> list[User]:
    """Classes, one level for everything, gold, and volunteers who have their first votes behind."""
    load_gravity_spy()
    Workflow.objects.exclude(level=1).update(is_open=False)
    level = Workflow.objects.get(level=1)
    level.classes.set(GlitchClass.objects.all())
    level.votes_min, level.votes_max = 2, 8
    level.save()
    volunteers = User.objects.bulk_create(
        User(
            username=f"simulated-{number:05d}",
            password=make_password(None),
            is_simulated=True,
            votes_cast=100,
        )
        for number in range(crowd)
    )
    add_open_glitches(GOLD)
    classes = list(GlitchClass.objects.filter(is_none_of_the_above=False))
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM labeling_glitch ORDER BY id")
        ids = [row[0] for row in cursor.fetchall()]
        cursor.execute("UPDATE labeling_glitch SET workflow_id = NULL")
    GoldLabel.objects.bulk_create(
        GoldLabel(glitch_id=pk, glitch_class=classes[n % len(classes)], split="train")
        for n, pk in enumerate(ids)
    )
    return volunteers


def add_open_glitches(count: int) -> None:
    with bulk_load("labeling_glitch", "labeling_picture"):
        first = _next_id("labeling_glitch")
        where = {"first": first, "last": first + count - 1}
        _execute(OPEN_GLITCHES, where | {"workflow": Workflow.objects.get(level=1).pk})
        _execute(PICTURES, where | {"durations": list(DURATIONS)})


def add_stored_votes(count: int, volunteers: list[User]) -> None:
    """Votes on retired glitches, five each."""
    if count == 0:
        return
    labels = list(GlitchClass.objects.values_list("label", flat=True))
    classes = list(GlitchClass.objects.values_list("pk", flat=True))
    values = {
        "votes": count,
        "each": VOTES_A_RETIRED_GLITCH,
        "volunteers": [v.pk for v in volunteers],
        "crowd": len(volunteers),
        "workflow": Workflow.objects.get(level=1).pk,
        "offered": freeze_class_list(labels).pk,
        "classes": classes,
        "class_count": len(classes),
        **{name: _next_id(f"labeling_{name}") for name in ("glitch", "assignment", "vote")},
    }
    with bulk_load("labeling_glitch", "labeling_assignment", "labeling_vote"):
        for statement in (RETIRED_GLITCHES, ASKED, STORED_VOTES):
            _execute(statement, values)


def add_veteran(volunteer: User, seen: int) -> int:
    """Let one volunteer have voted on ``seen`` of the open glitches; returns on how many."""
    values = {
        "volunteer": volunteer.pk,
        "workflow": Workflow.objects.get(level=1).pk,
        "offered": ClassList.objects.earliest("pk").pk,
        "class": GlitchClass.objects.earliest("pk").pk,
        "seen": seen,
    }
    return _execute(SEEN, values)


def _next_id(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT coalesce(max(id), 0) + 1 FROM {table}")  # noqa: S608
        return int(cursor.fetchone()[0])


def _execute(statement: str, values: dict[str, Any]) -> int:
    """Run it; how many rows it wrote."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return int(cursor.rowcount)


def log_in(volunteer: User) -> str:
    """A session as the log-in page makes it; the cookie's value."""
    engine = importlib.import_module(settings.SESSION_ENGINE)
    session = engine.SessionStore()
    session[SESSION_KEY] = str(volunteer.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = volunteer.get_session_auth_hash()
    session.create()
    return str(session.session_key)


def vacuum() -> None:
    """What autovacuum would have done on a site that grew slowly."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
