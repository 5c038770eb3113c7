import numpy as np
import pytest

from ml.vision.errors import NotTheSameTest
from ml.vision.judging.compare import compare, mcnemar
from ml.vision.judging.judged import Judged


@pytest.mark.parametrize(
    ("only_first", "only_second", "p"),
    [(0, 0, 1.0), (1, 1, 1.0), (3, 0, 0.25), (6, 0, 1 / 32), (5, 1, 14 / 64)],
)
def test_mcnemar_is_a_fair_coin_over_the_glitches_that_differ(only_first, only_second, p):
    first = np.array([True] * only_first + [False] * only_second + [True, False])
    second = np.array([False] * only_first + [True] * only_second + [True, False])
    found = mcnemar(first, second)
    assert (found["only_first"], found["only_second"]) == (only_first, only_second)
    assert found["p"] == pytest.approx(p)


def judged(right, labels):
    """Says the truth with .8 where ``right``, else the other class."""
    truth = np.array([label == "A" for label in labels])
    p = np.where(truth == np.array(right), 0.8, 0.2)
    return Judged(("A", "B"), np.column_stack([p, 1 - p]), labels)


LABELS = ["A"] * 8 + ["B"] * 8


def test_a_version_that_is_right_more_often_is_told_apart_from_chance():
    found = compare(judged([True] * 16, LABELS), judged([True] * 8 + [False] * 8, LABELS))
    accuracy = found["differences"]["accuracy"]
    assert accuracy["difference"] == 0.5
    assert 0 < accuracy["interval"][0] < 0.5 < accuracy["interval"][1]
    assert found["mcnemar"] == {"only_first": 8, "only_second": 0, "p": pytest.approx(2 / 256)}
    assert "more than chance" in found["words"]
    assert found["by_class"]["A"]["p"] == 1.0
    assert found["by_class"]["B"]["first"] == 1.0


def test_the_same_version_twice_differs_by_nothing():
    same = judged([True] * 12 + [False] * 4, LABELS)
    found = compare(same, same)
    assert found["differences"]["ece"]["interval"] == [0.0, 0.0]
    assert "no more than chance" in found["words"]


def test_other_glitches_are_refused():
    with pytest.raises(NotTheSameTest):
        compare(judged([True] * 16, LABELS), judged([True] * 16, LABELS[::-1]))
