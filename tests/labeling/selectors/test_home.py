"""The figures of the front page: right, and cheap."""

import uuid

import numpy as np
import pytest

from labeling.models import User, Vote
from labeling.selectors.home import site_counts, vote_counts
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
    before = site_counts()
    make_glitch(1)
    settings.HOME_SECONDS = 3600
    with django_assert_num_queries(0):
        assert site_counts() == before
    settings.HOME_SECONDS = 0
    assert site_counts()["glitches"] == before["glitches"] + 1
