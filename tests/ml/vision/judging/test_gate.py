import numpy as np
import pytest

from ml.vision.errors import NothingToTest, NotTheSameTest
from ml.vision.judging.gate import decide
from ml.vision.judging.judged import Judged

LABELS = ["A", "A", "A", "B", "B"]


def judged(p_first, labels=LABELS, classes=("A", "B")):
    p = np.array(p_first)
    return Judged(classes, np.column_stack([p, 1 - p]), labels)


ALL_RIGHT = [0.9, 0.9, 0.9, 0.1, 0.1]
ALL_RIGHT_SURER = [0.95, 0.95, 0.95, 0.05, 0.05]
ONE_WRONG = [0.9, 0.9, 0.4, 0.1, 0.1]
MAJORITY = [0.9, 0.9, 0.9, 0.9, 0.9]


@pytest.mark.parametrize(
    ("candidate", "active", "goes_live", "words"),
    [
        (ALL_RIGHT, ONE_WRONG, True, "Accuracy is higher, 1.000 against 0.800"),
        (ONE_WRONG, ALL_RIGHT, False, "Accuracy is lower, 0.800 against 1.000"),
        (ALL_RIGHT_SURER, ALL_RIGHT, True, "log loss lower, 0.051 against 0.105"),
        (ALL_RIGHT, ALL_RIGHT_SURER, False, "log loss not lower"),
        (ALL_RIGHT, ALL_RIGHT, False, "log loss not lower"),
        (ALL_RIGHT, None, True, "beats the 0.600 of always naming the commonest class"),
        (MAJORITY, None, False, "does not beat the 0.600"),
    ],
)
def test_decisions(candidate, active, goes_live, words):
    decision = decide(judged(candidate), judged(active) if active else None)
    assert decision.goes_live is goes_live
    assert words in decision.reason
    assert "5 gold test glitches" in decision.reason


def test_a_version_that_knows_the_new_class_wins():
    labels = ["A", "B", "C"]
    active = Judged(("A", "B"), np.array([[0.9, 0.1], [0.1, 0.9], [0.5, 0.5]]), labels)
    candidate = Judged(("A", "B", "C"), np.eye(3) * 0.7 + 0.1, labels)
    decision = decide(candidate, active)
    assert decision.goes_live
    assert "also knows C" in decision.reason


def test_different_test_sets_and_empty_ones_are_refused():
    with pytest.raises(NotTheSameTest):
        decide(judged(ALL_RIGHT), judged(ALL_RIGHT[:4], LABELS[:4]))
    with pytest.raises(NothingToTest):
        decide(Judged(("A", "B"), np.zeros((0, 2)), []), None)


def many(right_of_a, right_of_b, sure=0.9):
    """Ten glitches each of A and B, so many of each recognised, with this confidence."""
    p_of_a = [sure] * right_of_a + [1 - sure] * (10 - right_of_a)
    p_of_b = [1 - sure] * right_of_b + [sure] * (10 - right_of_b)
    return judged(p_of_a + p_of_b, ["A"] * 10 + ["B"] * 10)


@pytest.mark.parametrize(
    ("candidate", "active", "goes_live", "failed"),
    [
        (many(10, 9), many(9, 9), True, []),
        # Better overall, and A falls from 9 of 10 to 5: below .596, the end of its interval.
        (many(5, 10), many(9, 5), False, ["classes"]),
        # A falls from 9 to 6 of 10, within its interval.
        (many(6, 10), many(9, 5), True, []),
        # As right as before and surer than right: overall passes by one more hit.
        (many(6, 6, 0.999), many(6, 5, 0.6), False, ["calibration"]),
        (many(5, 5), many(9, 9), False, ["overall", "classes", "calibration"]),
    ],
)
def test_each_question_can_keep_a_candidate_out(candidate, active, goes_live, failed):
    decision = decide(candidate, active)
    assert decision.goes_live is goes_live
    assert [check.name for check in decision.checks if not check.passed] == failed
    assert ("Kept out" in decision.reason) is bool(set(failed) - {"overall"})


def test_the_reason_names_the_class_and_its_figures():
    reason = decide(many(5, 10), many(9, 5)).reason
    assert reason.startswith("Accuracy is higher, 0.750 against 0.700")
    assert "A falls from 9 to 5 of its 10 test glitches, below .596 of them" in reason


def with_few_of_c(right_of_c, of_c, right_of_a):
    """Ten glitches of A and a few of C; so many of each recognised."""
    said = ["A"] * right_of_a + ["C"] * (10 - right_of_a)
    said += ["C"] * right_of_c + ["A"] * (of_c - right_of_c)
    p = np.array([[0.9, 0.1] if one == "A" else [0.1, 0.9] for one in said])
    return Judged(("A", "C"), p, ["A"] * 10 + ["C"] * of_c)


@pytest.mark.parametrize(
    ("right", "of_c", "passed", "words"),
    [
        (0, 1, True, "One glitch is too little to tell by: C falls from 1 to 0 of its 1 test"),
        (0, 2, False, "C falls from 2 to 0 of its 2 test glitches, below .342 of them"),
        (2, 3, True, "No class is recognised worse"),
        (1, 3, False, "C falls from 3 to 1 of its 3 test glitches, below .439 of them"),
        (4, 5, True, "No class is recognised worse"),
    ],
)
def test_one_changed_answer_is_no_veto_and_two_are(right, of_c, passed, words):
    candidate, active = with_few_of_c(right, of_c, 10), with_few_of_c(of_c, of_c, 5)
    (check,) = [one for one in decide(candidate, active).checks if one.name == "classes"]
    assert check.passed is passed
    assert words in check.words


def test_a_class_that_neither_knew_cannot_fall():
    labels = ["A", "B", "C"]
    both = Judged(("A", "B"), np.array([[0.9, 0.1], [0.1, 0.9], [0.5, 0.5]]), labels)
    assert decide(both, both).checks[1].passed


@pytest.mark.parametrize(
    ("in_use", "goes_live"), [(None, False), (("A", "B", "C"), False), (("A", "B"), True)]
)
def test_a_class_in_use_that_is_lost_keeps_a_candidate_out(in_use, goes_live):
    """The test holds no C: the candidate's list is what is trained and tested."""
    active = Judged(("A", "B", "C"), np.array([[0.6, 0.2, 0.2], [0.2, 0.6, 0.2]]), ["A", "B"])
    candidate = Judged(("A", "B"), np.array([[0.9, 0.1], [0.1, 0.9]]), ["A", "B"])
    decision = decide(candidate, active, in_use)
    assert decision.goes_live is goes_live
    assert ("does not know C any more" in decision.reason) is not goes_live
