"""Who waits for whom: one worker at a time predicts by a version."""

import threading

import pytest
from django.db import connection

from labeling.services.locks import scoring_lock
from tests.labeling.crowds import wait_until_somebody_waits

pytestmark = pytest.mark.django_db(transaction=True)


def in_another_session(told, **how):
    """A thread that enters the lock of version 7 and notes whether it may."""

    def run():
        with scoring_lock(7, **how) as is_mine:
            told.append(is_mine)
        connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_a_second_worker_leaves_a_version_to_the_first():
    told = []
    with scoring_lock(7) as is_mine:
        in_another_session(told).join(60)
    in_another_session(told).join(60)
    assert (is_mine, told) == (True, [False, True])


def test_who_must_have_it_waits_for_the_first():
    told = []
    with scoring_lock(7):
        thread = in_another_session(told, wait=True)
        wait_until_somebody_waits()
        assert told == []
    thread.join(60)
    assert told == [True]
