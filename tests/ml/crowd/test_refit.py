"""Skills from all votes: expected counts, gold for sure, pages and fading told apart."""

import numpy as np
import pytest

from ml.crowd.answers import AnswerWeights
from ml.crowd.pages import as_asked
from ml.crowd.refit import History, refit
from ml.crowd.simulate_votes import CrowdShape, draw_votes

NONE = 2
ALL = np.array([[True, True, True]])
WEIGHTS = AnswerWeights(gold=1.0, consensus=0.25, half_life=10.0)


def history(rows, gold=(-1, -1), offers=ALL, is_counted=True, at=0.0):
    """``rows``: (item, volunteer, page, label), by item."""
    item, volunteer, page, label = np.array(rows).T
    return History(
        item=item,
        volunteer=volunteer,
        page=page,
        label=label,
        at=np.full(len(item), at),
        is_counted=np.full(len(item), is_counted),
        gold=np.array(gold),
        offers=offers,
        none_of_the_above=NONE,
    )


TWO_AGREE = [(0, 0, 0, 0), (0, 1, 0, 0), (1, 0, 0, 1), (1, 1, 0, 0)]


def test_a_vote_is_counted_as_the_posterior_of_its_glitch_says():
    found = refit(history(TWO_AGREE), WEIGHTS)
    first, second = found.fitted.posterior.astype(float)
    expected = np.zeros((2, 3, 3))
    expected[0, :, 0], expected[0, :, 1] = 0.25 * first, 0.25 * second
    expected[1, :, 0] = 0.25 * (first + second)
    assert found.counts == pytest.approx(expected)
    assert found.answers.tolist() == [2, 2]
    assert first.argmax() == 0


def test_gold_counts_in_full_and_what_is_not_to_be_counted_does_not():
    found = refit(history(TWO_AGREE, gold=(1, 1)), WEIGHTS)
    assert found.counts[0] == pytest.approx(np.array([[0, 0, 0], [1, 1, 0], [0, 0, 0]]))
    none = refit(history(TWO_AGREE, gold=(1, 1), is_counted=False), WEIGHTS)
    assert none.counts.sum() == 0
    assert none.answers.tolist() == [0, 0]


def test_answers_are_stored_as_worth_twice_as_much_a_half_life_later():
    early, late = (refit(history(TWO_AGREE, at=at), WEIGHTS).counts for at in (0.0, 10.0))
    assert late == pytest.approx(2 * early)


def test_a_class_that_was_not_on_the_page_should_have_been_none_of_the_above():
    posterior = np.array([[0.7, 0.2, 0.1]])
    on_page = np.array([[False, True, True]])
    assert as_asked(posterior, on_page, NONE) == pytest.approx(np.array([[0, 0.2, 0.8]]))
    rows = [(0, 0, 0, NONE), (0, 1, 1, 0), (1, 0, 0, NONE), (1, 1, 1, 0)]
    offers = np.vstack([on_page, ALL])
    found = refit(history(rows, gold=(0, 0), offers=offers), WEIGHTS)
    assert found.counts[0, NONE, NONE] == pytest.approx(2)  # right, on that page
    assert found.counts[1, 0, 0] == pytest.approx(2)


def test_skills_are_measured_without_the_truth():
    shape = CrowdShape(volunteers=40, classes=5)
    drawn = draw_votes(8000, shape, np.random.default_rng(0))
    order = np.argsort(drawn.item, kind="stable")
    rows = np.stack([drawn.item, drawn.volunteer, 0 * drawn.item, drawn.label], axis=1)[order]
    offers = np.ones((1, 5), dtype=bool)
    found = refit(history(rows, gold=np.full(len(drawn.truth), -1), offers=offers), WEIGHTS)
    measured = np.trace(found.counts, axis1=1, axis2=2) / found.counts.sum(axis=(1, 2))
    drawn_accuracy = np.trace(drawn.confusion, axis1=1, axis2=2) / 5
    assert np.corrcoef(measured, drawn_accuracy)[0, 1] > 0.98
    assert abs(measured - drawn_accuracy).mean() < 0.05
