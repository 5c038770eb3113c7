"""Confident learning, by hand and on planted noise."""

import numpy as np
import pytest

from ml.label_issues import (
    OutOfFold,
    TooFewLabels,
    find_suspects,
    out_of_fold,
)
from ml.wanted import while_wanted

# Thresholds are the mean self-confidences: t_0 = (.9 + .7 + .2) / 3 = .6, t_1 = .6. Counted into
# 0, 0, 1, 1, neither, 1.
P = np.array([[0.9, 0.1], [0.7, 0.3], [0.2, 0.8], [0.3, 0.7], [0.5, 0.5], [0.4, 0.6]])
S = np.array([0, 0, 0, 1, 1, 1])


def test_a_suspect_is_off_the_diagonal_and_often_misread():
    misread = np.array([0.0, 0.0, 1.0, 0.0, 1.0, 0.0])
    found = find_suspects(OutOfFold(P, misread), S)
    assert found.rows.tolist() == [2]
    assert found.suggested.tolist() == [1]
    assert found.margin == pytest.approx([0.6])
    assert len(find_suspects(OutOfFold(P, np.full(6, 0.4)), S).rows) == 0


def test_the_clearest_comes_first():
    p = np.array([[0.9, 0.1], [0.9, 0.1], [0.2, 0.8], [0.02, 0.98], [0.3, 0.7], [0.3, 0.7]])
    s = np.array([0, 0, 0, 0, 1, 1])
    assert find_suspects(OutOfFold(p, np.ones(6)), s).rows.tolist() == [3, 2]


def clouds(count, rng):
    """Three classes of ``count``, each a cloud about its own corner."""
    true = np.repeat([0, 1, 2], count)
    return rng.normal(size=(3 * count, 12)) + 5.0 * np.eye(3, 12)[true], true


def test_planted_labels_are_found():
    rng = np.random.default_rng(1)
    features, true = clouds(40, rng)
    given = true.copy()
    planted = rng.permutation(120)[:12]
    given[planted] = (given[planted] + 1) % 3
    found = set(find_suspects(out_of_fold(features, given), given).rows.tolist())
    assert found <= set(planted.tolist())
    assert len(found) >= 6  # of 12; the others lie below their class's mean confidence


def test_no_row_is_predicted_by_a_classifier_that_saw_it():
    """A feature that gives every row away by its own number helps nothing out of fold."""
    given = np.arange(60) % 2
    assert out_of_fold(np.eye(60), given).misread.mean() > 0.4


def test_a_class_with_few_labels_is_judged_too():
    features, true = clouds(12, np.random.default_rng(2))
    kept = np.r_[:24, 24:27]
    predicted = out_of_fold(features[kept], true[kept])
    assert predicted.probabilities.shape == (27, 3)
    assert predicted.probabilities.sum(axis=1) == pytest.approx(np.ones(27))


@pytest.mark.parametrize("count", [2, 3, 4])
def test_classes_that_all_have_fewer_labels_than_folds_are_searched(count):
    features, true = clouds(count, np.random.default_rng(6))
    predicted = out_of_fold(features, true, folds=5)
    assert predicted.probabilities.shape == (3 * count, 3)
    assert predicted.probabilities.sum(axis=1) == pytest.approx(np.ones(3 * count))


@pytest.mark.parametrize("single", [0, 1, 2])
def test_a_class_of_one_label_stops_no_search_wherever_it_stands(single):
    features, _ = clouds(7, np.random.default_rng(4))
    given = np.repeat([k for k in (0, 1, 2) if k != single], 10)
    given = np.append(given, single)
    predicted = out_of_fold(features, given)
    assert predicted.probabilities.shape == (21, 3)
    assert predicted.probabilities[-1, single] == 0  # no fold can have learned it from another


def test_the_same_seed_gives_the_same():
    features, true = clouds(10, np.random.default_rng(3))
    first, again = (out_of_fold(features, true, seed=5).probabilities for _ in range(2))
    assert np.array_equal(first, again)


def test_each_fold_of_each_repeat_is_a_round():
    features, true = clouds(10, np.random.default_rng(3))
    told = []
    with while_wanted(lambda: None, lambda *step: told.append(step)):
        out_of_fold(features, true, folds=2, repeats=2)
    assert told == [("round", number, 4, number / 4) for number in (1, 2, 3, 4)]


def test_one_class_alone_is_refused():
    with pytest.raises(TooFewLabels, match="two classes"):
        out_of_fold(np.eye(4), np.zeros(4, int))
