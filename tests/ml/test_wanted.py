"""The loops ask whether their work is wanted, and nobody else's check is asked."""

import threading

import pytest

from ml.wanted import check_wanted, part, tell, while_wanted


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
    assert told == [("read", 2, 3, pytest.approx(2 / 3))]


def test_what_is_told_within_a_part_counts_as_that_part():
    """Three quarters of the work, and the last quarter in two steps of its own."""
    told = []
    with while_wanted(check_wanted, lambda *step: told.append(step)):
        with part(0, 3, of=4):
            tell("read", 1, 3)
            tell("read", 3, 3)
        with part(3, 4, of=4):
            for step in (0, 1):
                with part(step, step + 1, of=2):
                    tell("looked through", 5, 5)
        with part(0, 0, of=0):
            tell("read", 0, 0)
        tell("read", 1, 2)
    assert told == [
        ("read", 1, 3, 0.25),
        ("read", 3, 3, 0.75),
        ("looked through", 5, 5, 0.875),
        ("looked through", 5, 5, 1.0),
        ("read", 0, 0, 0.0),
        ("read", 1, 2, 0.5),
    ]
