import numpy as np
import pytest

from ml.crowd.models import DawidSkene, Hierarchical, OneCoin, learn_prior
from ml.crowd.skill import confusion_matrix


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


# A crowd of 30: right on 8 of 10, and when wrong on class 0 always says 1.
CROWD = np.tile(np.array([[8.0, 2, 0], [1, 8, 1], [1, 1, 8]]), (30, 1, 1))


def test_a_newcomer_starts_as_an_average_newcomer_of_this_crowd():
    newcomer = confusion_matrix(np.zeros((3, 3)), learn_prior(CROWD))
    assert np.diag(newcomer) == pytest.approx([0.8, 0.8, 0.8], abs=0.04)
    assert newcomer[0, 1] > 5 * newcomer[0, 2]
    assert newcomer[1, 0] == pytest.approx(newcomer[1, 2], abs=0.01)


def test_a_new_class_without_gold_counts_from_the_first_vote():
    prior = learn_prior(CROWD)
    counts = np.zeros((4, 4))
    counts[:3, :3] = CROWD[0]
    row = confusion_matrix(counts, prior)[3]
    assert row[3] == pytest.approx(0.8, abs=0.06)
    assert row[:3] == pytest.approx(np.full(3, (1 - row[3]) / 3), abs=0.03)
