"""The figures of the front page: right, and cheap."""

import uuid

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from labeling.models import Glitch, User, Vote, Workflow
from labeling.selectors.home import front_page, sample_glitches, site_counts, vote_counts
from labeling.services.assignments import next_assignments
from labeling.services.undo import undo_vote
from labeling.services.votes import record_vote
from tests.conftest import make_glitch, make_volunteer

pytestmark = pytest.mark.django_db


def vote(volunteer: User):
    (lent,) = next_assignments(volunteer, rng=np.random.default_rng(1))
    record_vote(volunteer, lent.pk, idempotency_key=uuid.uuid4(), label="Blip")
    return lent


def test_the_sum_of_the_voters_is_the_number_of_votes(taxonomy):
    """Two votes of Ada's, one taken back; one without an account."""
    for number in range(3):
        make_glitch(number)
    ada = make_volunteer("ada", level=6)
    visitor = make_volunteer("not-logged-in-7", level=6, role="visitor")
    undo_vote(ada, vote(ada).pk)
    vote(ada)
    vote(visitor)
    assert vote_counts() == {"votes": Vote.objects.count(), "visitor_votes": 1}
    assert vote_counts()["votes"] == 2


def test_people_are_told_apart(taxonomy):
    make_volunteer("ada")
    make_volunteer("left", is_active=False)
    make_volunteer("rosa", role="reviewer")
    make_volunteer("robot", is_simulated=True)
    make_volunteer("not-logged-in-7", role="visitor")
    counts = site_counts()
    assert (counts["volunteers"], counts["simulated"]) == (1, 1)
    assert (counts["classes"], counts["born"]) == (22, 0)


def test_a_crowd_of_readers_costs_one_look(taxonomy, settings, django_assert_num_queries):
    before = front_page()
    make_glitch(1)
    settings.HOME_SECONDS = 3600
    with django_assert_num_queries(0):
        assert front_page() == before
    settings.HOME_SECONDS = 0
    assert front_page().counts["glitches"] == before.counts["glitches"] + 1
    assert [shown["gravityspy_id"] for shown in front_page().sample] == ["0000000001"]


def test_the_sample_is_of_the_first_in_all_queues_else_of_the_newest(taxonomy):
    """Nine at two levels, with places .1 to .9: .5 is reserved, and .2 settled."""
    levels = Workflow.objects.filter(level__in=(1, 6)).order_by("level")
    for number in range(1, 10):
        glitch = make_glitch(number)
        place, level = number / 10, levels[number % 2]
        Glitch.objects.filter(pk=glitch.pk).update(queue_key=place, workflow=level)
    Glitch.objects.filter(queue_key=0.5).update(is_reserved=True)
    Glitch.objects.filter(queue_key=0.2).update(
        retired_at=timezone.now(), retire_reason="consensus"
    )
    assert [int(shown["gravityspy_id"]) for shown in sample_glitches()] == [1, 3, 4, 6, 7, 8]
    Glitch.objects.update(retired_at=timezone.now(), retire_reason="consensus")
    assert [int(shown["gravityspy_id"]) for shown in sample_glitches()] == [3, 4, 6, 7, 8, 9]


def test_the_sample_sorts_no_table(taxonomy):
    """So small a table is sorted unless that is forbidden; without an index it still is."""
    make_glitch(1)
    with CaptureQueriesContext(connection) as asked:
        sample_glitches()
    statements = [one["sql"] for one in asked if 'FROM "labeling_glitch"' in one["sql"]]
    assert len(statements) == Workflow.objects.count() + 1
    with connection.cursor() as cursor:
        for way in ("seqscan", "bitmapscan", "sort"):
            cursor.execute(f"SET LOCAL enable_{way} = off")
        for statement in statements:
            cursor.execute(f"EXPLAIN {statement}")
            plan = "\n".join(line for (line,) in cursor.fetchall())
            assert "Index Scan" in plan
            assert "Sort" not in plan
