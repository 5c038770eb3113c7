"""Rows for ``bench.votes``: simulated glitches with addresses of pictures, gold, and stored votes.

Written by set-based SQL on an empty site, in batches; the addresses lead to no files, since no
picture is fetched. Everything carries ``is_simulated``.
"""

import hashlib
import importlib

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.hashers import make_password
from django.db import connection

from labeling.models import ClassList, GlitchClass, GoldLabel, User, Workflow
from labeling.services.classes import load_gravity_spy

VOTES_A_RETIRED_GLITCH = 5
GOLD = 500
DURATIONS = (0.5, 1.0, 2.0, 4.0)

OPEN_GLITCHES = """
INSERT INTO labeling_glitch (gravityspy_id, ifo, is_simulated, content_digest, is_reserved,
    workflow_id, votes_count, votes_needed, leases_open, retire_reason, created_at)
SELECT 'B' || lpad(to_hex(n), 9, '0'), 'H1', true, md5(n::text) || md5(n::text), false,
    %(workflow)s, 0, 2, 0, '', now()
FROM generate_series(%(first)s::bigint, %(last)s::bigint) n"""

PICTURES = """
INSERT INTO labeling_picture (glitch_id, duration, sha256, extension, width, height)
SELECT g.id, d, md5(g.id::text || d::text) || md5(d::text || g.id::text), 'png', 800, 600
FROM labeling_glitch g, unnest(%(durations)s::numeric[]) d
WHERE g.retire_reason = '' AND NOT EXISTS (SELECT FROM labeling_picture p WHERE p.glitch_id = g.id)
"""

RETIRED_GLITCHES = """
INSERT INTO labeling_glitch (gravityspy_id, ifo, is_simulated, content_digest, is_reserved,
    votes_count, votes_needed, leases_open, retired_at, retire_reason, created_at)
SELECT 'R' || lpad(to_hex(n), 9, '0'), 'L1', true, md5(n::text) || md5(n::text), false,
    %(votes)s, %(votes)s, 0, now(), 'consensus', now()
FROM generate_series(%(first)s::bigint, %(last)s::bigint) n
RETURNING id"""

# Each retired glitch gets its votes from volunteers that are neighbours in number.
STORED_VOTES = """
WITH asked AS (
    INSERT INTO labeling_assignment (volunteer_id, glitch_id, workflow_id, offered_id, stream,
        state, leased_until, created_at)
    SELECT (%(volunteers)s::bigint[])[1 + (g.id * 7 + k) %% %(crowd)s], g.id, %(workflow)s,
        %(offered)s, 'pool', 'voted', now(), now()
    FROM labeling_glitch g, generate_series(1, %(votes)s) k
    WHERE g.id BETWEEN %(first)s AND %(last)s
    RETURNING id, volunteer_id, glitch_id)
INSERT INTO labeling_vote (volunteer_id, glitch_id, assignment_id, workflow_id, offered_id,
    voted_id, was_gold, after_retirement, idempotency_key, created_at)
SELECT volunteer_id, glitch_id, id, %(workflow)s, %(offered)s,
    (%(classes)s::bigint[])[1 + glitch_id %% %(class_count)s], false, false,
    gen_random_uuid(), now()
FROM asked"""


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
    workflow = Workflow.objects.get(level=1)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM labeling_glitch")
        first = cursor.fetchone()[0] + 1
        cursor.execute(
            OPEN_GLITCHES, {"workflow": workflow.pk, "first": first, "last": first + count - 1}
        )
        cursor.execute(PICTURES, {"durations": list(DURATIONS)})


def add_stored_votes(count: int, volunteers: list[User]) -> None:
    """Votes on retired glitches, five each."""
    workflow = Workflow.objects.get(level=1)
    labels = list(GlitchClass.objects.values_list("label", flat=True))
    digest = hashlib.sha256(repr(labels).encode()).hexdigest()
    offered, _ = ClassList.objects.get_or_create(digest=digest, defaults={"labels": labels})
    classes = list(GlitchClass.objects.values_list("pk", flat=True))
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM labeling_glitch")
        first = cursor.fetchone()[0] + 1
        glitches = count // VOTES_A_RETIRED_GLITCH
        for start in range(first, first + glitches, 200_000):
            last = min(start + 200_000, first + glitches) - 1
            cursor.execute(
                RETIRED_GLITCHES, {"first": start, "last": last, "votes": VOTES_A_RETIRED_GLITCH}
            )
            ids = [row[0] for row in cursor.fetchall()]
            cursor.execute(
                STORED_VOTES,
                {
                    "volunteers": [v.pk for v in volunteers],
                    "crowd": len(volunteers),
                    "workflow": workflow.pk,
                    "offered": offered.pk,
                    "classes": classes,
                    "class_count": len(classes),
                    "votes": VOTES_A_RETIRED_GLITCH,
                    "first": min(ids),
                    "last": max(ids),
                },
            )


def add_veteran(volunteer: User, seen: int, volunteers: list[User]) -> int:
    """Let one volunteer have voted on ``seen`` of the open glitches; returns on how many."""
    workflow = Workflow.objects.get(level=1)
    offered = ClassList.objects.earliest("pk")
    glitch_class = GlitchClass.objects.earliest("pk")
    with connection.cursor() as cursor:
        cursor.execute(
            """WITH asked AS (
                INSERT INTO labeling_assignment (volunteer_id, glitch_id, workflow_id, offered_id,
                    stream, state, leased_until, created_at)
                SELECT %(v)s, id, %(workflow)s, %(offered)s, 'pool', 'voted', now(), now()
                FROM labeling_glitch WHERE workflow_id = %(workflow)s ORDER BY id LIMIT %(seen)s
                RETURNING id, glitch_id)
            INSERT INTO labeling_vote (volunteer_id, glitch_id, assignment_id, workflow_id,
                offered_id, voted_id, was_gold, after_retirement, idempotency_key, created_at)
            SELECT %(v)s, glitch_id, id, %(workflow)s, %(offered)s, %(class)s, false, false,
                gen_random_uuid(), now() FROM asked""",
            {
                "v": volunteer.pk,
                "workflow": workflow.pk,
                "offered": offered.pk,
                "class": glitch_class.pk,
                "seen": seen,
            },
        )
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
