import numpy as np
import pytest

from ml.discovery.choose import (
    Candidate,
    choose_embedding,
    draw_stragglers,
    held_out_groups,
    recovery,
)
from ml.discovery.describe import KnownGlitches
from ml.wanted import while_wanted

from .conftest import around


def labeled(classes, count=15):
    rng = np.random.default_rng(0)
    rows = np.concatenate([around(axis, count, rng) for axis in range(len(classes))])
    return rows, np.repeat(list(classes), count)


def as_is(inputs, labels, seed):
    return lambda rows: rows


def blind(inputs, labels, seed):
    rng = np.random.default_rng(seed)
    return lambda rows: rng.normal(size=(len(rows), 3))


def test_the_one_that_shows_unknown_classes_wins():
    rows, labels = labeled("ABCDE")
    choice = choose_embedding(
        {"blind": Candidate(rows, blind), "sees": Candidate(rows, as_is)}, labels, 0, "blind"
    )
    assert choice.winner == "sees"
    assert choice.means["sees"][:2] == pytest.approx((1.0, 1.0))
    assert choice.means["sees"][2] > 0.9
    assert max(choice.means["blind"][1:]) < 0.6
    assert {row.name for row in choice.rows} == {"blind", "sees"}
    assert "sees found held out known classes best" in choice.reason


def test_each_candidate_is_a_round_for_each_group_held_out():
    """Two candidates, and AB and CD (or another such pair) held out."""
    rows, labels = labeled("ABCD")
    told = []
    with while_wanted(lambda: None, lambda *step: told.append(step)):
        choose_embedding(
            {"one": Candidate(rows, as_is), "other": Candidate(rows, as_is)}, labels, 0, "one"
        )
    assert told == [("round", number, 4, number / 4) for number in (1, 2, 3, 4)]


def test_a_candidate_never_sees_the_classes_held_out():
    rows, labels = labeled("ABCD")
    seen = []

    def spy(inputs, fitted_labels, seed):
        seen.append(set(fitted_labels.tolist()))
        return lambda asked: asked

    choice = choose_embedding({"spy": Candidate(rows, spy)}, labels, 0, "spy")
    for row, known in zip(choice.rows, seen, strict=True):
        assert known == set("ABCD") - set(row.held_out)


@pytest.mark.parametrize(("classes", "sizes"), [("ABCD", [2, 2]), ("ABCDE", [2, 3])])
def test_every_class_is_held_out_once(classes, sizes):
    groups = held_out_groups(np.repeat(list(classes), 5), 0)
    assert sorted(name for group in groups for name in group) == list(classes)
    assert [len(group) for group in groups] == sizes


def test_rare_classes_are_not_held_out():
    labels = np.array([*np.repeat(list("ABCD"), 5), "E"])
    assert "E" not in {name for group in held_out_groups(labels, 0) for name in group}


def test_too_few_classes_take_the_default():
    rows, labels = labeled("ABC")
    choice = choose_embedding({"sees": Candidate(rows, as_is)}, labels, 0, "sees")
    assert (choice.winner, choice.rows) == ("sees", ())
    assert "too few" in choice.reason


def test_stragglers_are_a_third_of_those_held_out_and_never_of_their_classes():
    labels = np.repeat(list("ABCD"), 12)
    held = np.isin(labels, ["A", "B"])
    mask = draw_stragglers(labels, held, 0)
    assert mask.sum() == 8
    assert not (mask & held).any()
    assert (
        draw_stragglers(
            np.repeat(list("ABC"), [30, 30, 4]), np.repeat([True, False], [60, 4]), 0
        ).sum()
        == 2
    )


def test_recovery_by_hand():
    """Ten A and ten B in two directions, known C in a third: both found, all of them."""
    rng = np.random.default_rng(0)
    pool = np.concatenate([around(0, 10, rng), around(1, 10, rng)])
    truth = np.repeat(["A", "B"], 10)
    known = KnownGlitches.of(around(2, 10, rng), np.repeat(["C"], 10))
    assert recovery(pool, truth, known, ["A", "B"], 0) == pytest.approx(1.0, abs=0.06)
    assert recovery(pool[:10], truth[:10], known, ["B"], 0) == 0.0
    assert recovery(pool[:5], truth[:5], known, ["A"], 0) == 0.0
