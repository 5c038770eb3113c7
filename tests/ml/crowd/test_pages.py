import numpy as np
import pytest

from ml.crowd.pages import Pages

NONE = 2
OFFERS = np.array([[True, False, True], [True, True, True]])


def test_each_volunteer_and_page_that_occur_are_a_pair():
    pages, pair = Pages.from_votes([0, 3, 0, 3], [1, 0, 0, 0], OFFERS, NONE)
    assert pages.volunteer.tolist() == [0, 0, 3]
    assert pages.offered.tolist() == [OFFERS[0].tolist(), OFFERS[1].tolist(), OFFERS[0].tolist()]
    assert pair.tolist() == [1, 2, 0, 2]


def test_counts_of_a_class_not_on_the_page_are_counts_of_none_of_the_above():
    pages, _ = Pages.from_votes([0, 0], [0, 1], OFFERS, NONE)
    small_page = np.array([[5, 0, 1], [2, 0, 3], [0, 0, 4]])  # rows = truth
    full_page = np.array([[1, 0, 0], [0, 7, 0], [0, 0, 2]])
    folded = pages.fold(np.array([small_page, full_page], dtype=float))
    assert folded.tolist() == [[[6, 0, 1], [0, 7, 0], [2, 0, 9]]]


def test_skills_are_restricted_to_each_page():
    pages, _ = Pages.from_votes([0, 0], [0, 1], OFFERS, NONE)
    skill = np.array([[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.1, 0.1, 0.8]])
    small, full = pages.unfold(skill[None])
    assert full == pytest.approx(skill)
    assert small[1] == pytest.approx([1 / 9, 0, 8 / 9])
