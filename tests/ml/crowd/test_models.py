import numpy as np
import pytest

from ml.crowd.models import DawidSkene, Hierarchical, OneCoin


def test_dawid_skene_is_the_shares_of_the_counts():
    counts = np.array([[[3.0, 1.0], [0.0, 2.0]]])
    assert DawidSkene().skills(counts)[0] == pytest.approx(
        np.array([[0.75, 0.25], [0, 1]]), abs=1e-6
    )


def test_one_coin_has_one_accuracy_and_even_mistakes():
    counts = np.zeros((1, 3, 3))
    counts[0, 0, 0], counts[0, 1, 2] = 4, 2  # 4 of 6 right; prior .75 worth 4 answers
    right = (4 + 3) / 10
    expected = np.full((3, 3), (1 - right) / 2) + np.eye(3) * (right - (1 - right) / 2)
    assert OneCoin().skills(counts)[0] == pytest.approx(expected)


def test_a_row_without_answers_is_the_volunteers_own_centre():
    counts = np.full((40, 3, 3), 2.0) + 30 * np.eye(3)
    counts[0, 2] = 0  # never saw class 2, and is good on the others
    counts[1] = 11.0  # answers at random
    counts[1, 2] = 0
    skills = Hierarchical(10.0).skills(counts)
    assert skills[0, 2, 2] > 0.75 > 0.55 > skills[1, 2, 2]
