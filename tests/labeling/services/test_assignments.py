"""Leases: who gets what, and that votes and leases never exceed what a glitch needs."""

import threading
import time
import uuid
from datetime import timedelta

import numpy as np
import pytest
from django.db import connection, transaction
from django.utils import timezone

from labeling.models import Assignment, Glitch, User, Workflow
from labeling.services.assignments import expire_leases, next_assignments
from labeling.services.classes import freeze_class_list, load_gravity_spy
from labeling.services.votes import record_vote
from tests.conftest import make_glitch, make_volunteer, only_stream


def ask(volunteer, want=1, seed=0, level=None):
    return next_assignments(volunteer, want=want, level=level, rng=np.random.default_rng(seed))


@pytest.mark.django_db
def test_a_reload_gives_the_same_glitches_and_wastes_no_lease(taxonomy):
    for number in range(5):
        make_glitch(number)
    ada = make_volunteer(level=6)
    first = [a.pk for a in ask(ada, want=3)]
    again = [a.pk for a in ask(ada, want=3, seed=9)]
    assert first == again
    assert len(set(first)) == 3
    assert sum(Glitch.objects.values_list("leases_open", flat=True)) == 3


@pytest.mark.django_db
def test_no_more_people_at_once_than_votes_are_needed(taxonomy):
    make_glitch(1)  # needs two votes
    got = [len(ask(make_volunteer(name, level=6))) for name in ("ada", "ben", "cy")]
    assert got == [1, 1, 0]


@pytest.mark.django_db
def test_an_idle_persons_lease_starves_nobody(taxonomy):
    make_glitch(1)
    ask(make_volunteer("ada", level=6))
    ask(make_volunteer("ben", level=6))
    Assignment.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    assert len(ask(make_volunteer("cy", level=6))) == 1
    assert Glitch.objects.get().leases_open == 1
    assert expire_leases(timezone.now()) == 0


@pytest.mark.django_db
def test_one_request_takes_back_few_of_the_leases_that_ran_out(taxonomy, monkeypatch):
    monkeypatch.setattr("labeling.services.assignments.EXPIRE_AT_ONCE", 2)
    for number in range(3):
        make_glitch(number)
    Glitch.objects.update(votes_needed=1)
    ask(make_volunteer("ada", level=6), want=3)
    Assignment.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    assert len(ask(make_volunteer("ben", level=6))) == 1
    assert Assignment.objects.filter(state="expired").count() == 2


@pytest.mark.django_db
def test_a_glitch_seen_once_does_not_come_again(taxonomy):
    make_glitch(1)
    make_glitch(2)
    ada = make_volunteer(level=6)
    seen = []
    for seed in range(3):
        for assignment in ask(ada, seed=seed):
            seen.append(assignment.glitch_id)
            record_vote(ada, assignment.pk, idempotency_key=uuid.uuid4(), label="Blip")
    assert sorted(seen) == sorted(Glitch.objects.values_list("pk", flat=True))


@pytest.mark.django_db
def test_beginners_get_no_glitch_of_a_higher_level(taxonomy):
    make_glitch(1)  # unscored: at the top level
    assert ask(make_volunteer("ada", level=1)) == []
    assert len(ask(make_volunteer("ben", level=6))) == 1
    assert ask(make_volunteer("cy", level=6), level=2) == []


@pytest.mark.django_db
def test_what_is_held_of_other_levels_is_given_back_where_a_level_is_chosen(taxonomy):
    for number in range(4):
        make_glitch(number)
    low = Workflow.objects.get(level=1)
    first = Glitch.objects.order_by("pk")[:2]
    Glitch.objects.filter(pk__in=[g.pk for g in first]).update(workflow=low)
    only_stream("pool")
    ada = make_volunteer(level=6)
    assert [a.level for a in ask(ada, want=2)] == [6, 6]
    assert [a.level for a in ask(ada, want=2, level=1)] == [6, 6]  # a reload changes nothing
    chosen = next_assignments(ada, want=2, level=1, afresh=True, rng=np.random.default_rng(0))
    assert [a.level for a in chosen] == [1, 1]
    again = next_assignments(ada, want=2, level=1, afresh=True, rng=np.random.default_rng(1))
    assert [a.pk for a in again] == [a.pk for a in chosen]
    leases = Glitch.objects.order_by("pk").values_list("leases_open", flat=True)
    assert list(leases) == [1, 1, 0, 0]


@pytest.mark.django_db
def test_who_can_still_rise_is_given_gold_when_nothing_else_is_left(taxonomy):
    make_glitch(1, gold_label="Blip")
    for seed in range(10):  # whatever stream chance draws
        volunteer = make_volunteer(f"beginner-{seed}", level=1)
        assert [a.stream for a in ask(volunteer, seed=seed)] == ["gold"]


@pytest.mark.django_db
def test_reserved_glitches_are_never_shown(taxonomy):
    make_glitch(1, is_reserved=True)
    assert ask(make_volunteer(level=6)) == []


@pytest.mark.django_db(transaction=True)
def test_many_at_once_never_exceed_the_votes_needed():
    load_gravity_spy()
    for number in range(3):
        make_glitch(number)
    volunteers = [User.objects.create(username=f"v{i}", level=6) for i in range(12)]
    assert ask_at_once(volunteers) == []
    for glitch in Glitch.objects.all():
        assert glitch.leases_open == glitch.assignments.count() <= glitch.votes_needed


@pytest.mark.django_db(transaction=True)
def test_one_volunteer_asking_many_times_at_once_is_never_refused():
    """Tabs that choose the same glitch: one gets it, the others another or the same list."""
    load_gravity_spy()
    for number in range(3):
        make_glitch(number)
    ada = User.objects.create(username="ada", level=6)
    assert ask_at_once([ada] * 8) == []
    assert {g.leases_open - g.assignments.count() for g in Glitch.objects.all()} == {0}
    assert max(g.leases_open for g in Glitch.objects.all()) == 1


def ask_at_once(volunteers):
    """Each asks for the next glitch in a thread of its own; what went wrong."""
    barrier = threading.Barrier(len(volunteers))
    errors = []

    def take(volunteer):
        try:
            barrier.wait()
            ask(volunteer, seed=volunteer.pk)
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=take, args=(v,)) for v in volunteers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


@pytest.mark.django_db(transaction=True)
def test_a_glitch_that_another_tab_took_meanwhile_is_passed_over():
    """The other request has written its assignment and commits while this one waits for it."""
    load_gravity_spy()
    glitch = make_glitch(1)
    ada = User.objects.create(username="ada", level=6, votes_cast=1000)
    written = threading.Event()

    def other_tab():
        try:
            with transaction.atomic():
                Assignment.objects.create(
                    volunteer=ada,
                    glitch=glitch,
                    workflow=glitch.workflow,
                    offered=freeze_class_list(["Blip"]),
                    stream="pool",
                    leased_until=timezone.now() + timedelta(minutes=5),
                )
                written.set()
                time.sleep(0.5)
        finally:
            connection.close()

    tab = threading.Thread(target=other_tab)
    tab.start()
    assert written.wait(5)
    (shown,) = ask(ada)
    tab.join()
    assert shown.pk == Assignment.objects.get().pk
    glitch.refresh_from_db()
    assert glitch.leases_open == 0  # its own lease went back with the refused statement
