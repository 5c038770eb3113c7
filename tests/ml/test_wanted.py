"""The loops ask whether their work is wanted, and nobody else's check is asked."""

import threading

import pytest

from ml.wanted import check_wanted, tell, while_wanted


class Unwanted(Exception):
    pass


def refuse():
    raise Unwanted


def test_a_check_ends_the_work_within_its_block_alone():
    check_wanted()
    with while_wanted(refuse), pytest.raises(Unwanted):
        check_wanted()
    check_wanted()


def test_the_innermost_check_is_asked_and_the_outer_one_comes_back():
    asked = []
    with while_wanted(lambda: asked.append("outer")):
        with while_wanted(lambda: asked.append("inner")):
            check_wanted()
        check_wanted()
    assert asked == ["inner", "outer"]


def test_another_thread_has_its_own():
    asked = []
    with while_wanted(lambda: asked.append(1)):
        thread = threading.Thread(target=check_wanted)
        thread.start()
        thread.join()
    assert asked == []


def test_how_far_a_loop_is_reaches_whoever_started_the_work():
    told = []
    tell("read", 1, 3)
    with while_wanted(check_wanted, lambda *step: told.append(step)):
        tell("read", 2, 3)
        with while_wanted(check_wanted):
            tell("read", 3, 3)
    assert told == [("read", 2, 3)]
