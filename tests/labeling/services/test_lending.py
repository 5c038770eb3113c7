"""What a lease costs: rows looked at, whatever the volunteer has seen."""

import uuid
from datetime import timedelta

import numpy as np
import pytest
from django.db import connection
from django.utils import timezone

from labeling.models import Glitch, GlitchClass, GoldLabel, User, Vote, Workflow
from labeling.services.assignments import next_assignments
from labeling.services.lending import GOLD_LOOKED_AT_EACH_WAY, Wish, lend_gold
from labeling.services.taxonomy import current_taxonomy
from labeling.services.votes import record_vote
from tests.conftest import make_glitch, make_volunteer, only_stream
from tests.labeling.crowds import cast

QUEUE = 4000
LOOKED_AT = "SELECT idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'labeling_glitch'"
GOLD_LOOKED_AT = LOOKED_AT.replace("labeling_glitch", "labeling_goldlabel")


def rows(statement, *values):
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall() if cursor.description else []


@pytest.fixture
def queue(taxonomy):
    """A level whose queue is long, with even places; planned with statistics of its own."""
    workflow = current_taxonomy().levels[-1].workflow
    rows(
        "INSERT INTO labeling_glitch (gravityspy_id, ifo, content_digest, workflow_id, queue_key, "
        "is_simulated, is_reserved, votes_count, votes_needed, leases_open, retire_reason, "
        "created_at) SELECT 'q' || n, 'H1', '', %s, (n::float8 + .5) / %s, false, false, 0, 9, 0, "
        "'', now() FROM generate_series(0, %s) n",
        workflow.pk,
        QUEUE,
        QUEUE - 1,
    )
    only_stream("pool")
    return workflow


def has_seen(volunteer, workflow, places):
    """Votes on the glitches at these places (0 to QUEUE) of the queue, as if cast long ago."""
    offered = current_taxonomy().levels[-1].offered.pk
    ids = [pk for (pk,) in rows("SELECT id FROM labeling_glitch ORDER BY queue_key")]
    seen = [ids[place] for place in places]
    rows(
        "WITH lent AS (INSERT INTO labeling_assignment (volunteer_id, glitch_id, workflow_id, "
        "offered_id, stream, state, leased_until, created_at) "
        "SELECT %s, unnest(%s::bigint[]), %s, %s, 'pool', 'voted', now(), now() "
        "RETURNING id, glitch_id) "
        "INSERT INTO labeling_vote (volunteer_id, glitch_id, assignment_id, workflow_id, "
        "offered_id, voted_id, was_gold, after_retirement, idempotency_key, created_at) "
        "SELECT %s, glitch_id, id, %s, %s, (SELECT min(id) FROM labeling_glitchclass), "
        "false, false, gen_random_uuid(), now() FROM lent",
        *(volunteer.pk, seen, workflow.pk, offered, volunteer.pk, workflow.pk, offered),
    )
    rows("ANALYZE labeling_glitch, labeling_vote, labeling_assignment")


def vote_on_next(volunteer):
    (lent,) = next_assignments(volunteer, rng=np.random.default_rng(0))
    record_vote(volunteer, lent.pk, idempotency_key=uuid.uuid4(), label="Blip")
    return Glitch.objects.get(pk=lent.glitch_id)


def looked_at(volunteer, place=None):
    """Rows of glitches that a lease fetches where the volunteer has come so far in the queue."""
    volunteer.queue_place = place
    before = rows(LOOKED_AT)[0][0]
    (lent,) = next_assignments(volunteer, rng=np.random.default_rng(0))
    assert not Vote.objects.filter(volunteer=volunteer, glitch=lent.glitch_id).exists()
    return rows(LOOKED_AT)[0][0] - before


@pytest.mark.django_db
@pytest.mark.parametrize("share", [0.5, 0.95, 0.999])
def test_who_went_through_most_of_the_queue_gets_the_next_like_a_newcomer(queue, share):
    ada, ben = (make_volunteer(name, level=6) for name in ("ada", "ben"))
    seen = int(share * QUEUE)
    has_seen(ada, queue, range(seen))
    assert looked_at(ada, seen / QUEUE) <= looked_at(ben) + 2


@pytest.mark.django_db
def test_what_was_seen_here_and_there_is_passed_once_on_the_way(queue):
    """With 95 % seen by chance, as picks are, 1 / .05 = 20 rows are passed for each lease."""
    ada = make_volunteer(level=6)
    order = np.random.default_rng(0).permutation(QUEUE)
    has_seen(ada, queue, [int(place) for place in order[: QUEUE * 95 // 100]])
    before = rows(LOOKED_AT)[0][0]
    for _ in range(50):
        vote_on_next(ada)
    # Each cycle fetches a few rows by their ids, too: those that are lent and voted on.
    assert rows(LOOKED_AT)[0][0] - before < 50 * (20 + 15)


@pytest.mark.django_db
def test_whoever_reaches_the_end_goes_on_at_the_beginning(queue):
    ada = make_volunteer(level=6)
    has_seen(ada, queue, range(1, QUEUE))
    ada.queue_place = 1.0
    assert vote_on_next(ada) == Glitch.objects.earliest("queue_key")
    assert next_assignments(ada, rng=np.random.default_rng(0)) == []


@pytest.mark.django_db
def test_votes_on_the_pool_alone_move_on_in_its_queue(queue):
    ada = make_volunteer(level=6)
    assert vote_on_next(ada).queue_key == User.objects.get(pk=ada.pk).queue_place
    place = ada.queue_place
    gold = make_glitch(1, gold_label="Blip")
    cast(ada, gold, "Blip", stream="gold")
    assert User.objects.get(pk=ada.pk).queue_place == place


@pytest.mark.django_db
def test_a_queue_that_was_walked_in_vain_comes_last_for_a_while(queue):
    ada = make_volunteer(level=6)
    has_seen(ada, queue, range(QUEUE))
    below = Workflow.objects.get(level=1)
    for number in range(3):
        make_glitch(number)
    Glitch.objects.filter(gravityspy_id__startswith="0").update(workflow=below)
    only_stream("pool")
    costs = []
    for _ in range(3):
        before = rows(LOOKED_AT)[0][0]
        assert vote_on_next(ada).workflow == below
        costs.append(rows(LOOKED_AT)[0][0] - before)
    assert costs[0] >= QUEUE
    assert max(costs[1:]) < 50
    # It comes last and is not forgotten: what is new there is found when nothing else is left.
    late = make_glitch(9)
    Glitch.objects.filter(pk=late.pk).update(workflow=queue)
    assert vote_on_next(ada) == late


@pytest.mark.django_db
def test_of_much_gold_a_part_is_looked_at(queue):
    """Whoever has answered it all is not asked any, at a cost that does not grow with it."""
    ada = make_volunteer(level=6)
    has_seen(ada, queue, range(QUEUE))
    blip = GlitchClass.objects.get(label="Blip")
    rows(
        "INSERT INTO labeling_goldlabel (glitch_id, glitch_class_id, split, origin, queue_key, "
        "is_shown, created_at) SELECT id, %s, 'train', 'expert', queue_key, false, now() "
        "FROM labeling_glitch",
        blip.pk,
    )
    rows("ANALYZE labeling_goldlabel")
    now = timezone.now()
    wish = Wish(ada.pk, 1, now, now + timedelta(minutes=5), 0.5, 0.5)
    level = current_taxonomy().levels[-1]
    at = {"workflow": queue.pk, "offered": level.offered.pk, "class_id": blip.pk}
    before = rows(GOLD_LOOKED_AT)[0][0]
    assert not lend_gold(wish, **at).is_new
    assert rows(GOLD_LOOKED_AT)[0][0] - before <= 4 * GOLD_LOOKED_AT_EACH_WAY
    # Of few all are looked at, wherever chance begins.
    GoldLabel.objects.exclude(glitch__gravityspy_id__in=["q0", "q3999"]).delete()
    Vote.objects.filter(glitch__gravityspy_id="q0").delete()
    assert lend_gold(wish, **at).is_new
