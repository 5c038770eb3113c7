"""EM on votes that a reader can count by hand, and on simulated crowds whose truth is known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.crowd.dawid_skene import EmSettings, Known, fit
from ml.crowd.models import DawidSkene, Hierarchical, OneCoin
from ml.crowd.pages import Pages
from ml.crowd.simulate_votes import CrowdShape, draw_votes
from ml.crowd.votes import BadVotes, SparseVotes

# Items 0-3 are gold: 0, 0, 1, 1. Volunteer 0 is always right; volunteer 1 says 0 but once.
GOLD = np.array([0, 0, 1, 1, -1])
VOTES = SparseVotes.from_triples(
    item=[0, 1, 2, 3, 0, 1, 2, 3, 4, 4],
    volunteer=[0, 0, 0, 0, 1, 1, 1, 1, 0, 1],
    label=[0, 0, 1, 1, 0, 0, 0, 1, 1, 0],
)


def fit_simulated(model, votes=20_000, seed=3):
    drawn = draw_votes(votes, CrowdShape(volunteers=200), np.random.default_rng(seed))
    fitted = fit(SparseVotes.from_triples(drawn.item, drawn.volunteer, drawn.label), model)
    return fitted, drawn, float((fitted.posterior.argmax(axis=1) == drawn.truth).mean())


def test_gold_stays_as_it_is_and_teaches_the_skills():
    fitted = fit(VOTES, DawidSkene(), Known(gold=GOLD), EmSettings(tolerance=1e-9))
    assert fitted.posterior[:4] == pytest.approx(np.eye(2)[[0, 0, 1, 1]])
    # Item 4 is surely 1: volunteer 0 has never called a 0 a 1. So volunteer 1 was right on 1 of 3.
    assert fitted.posterior[4] == pytest.approx([0, 1], abs=1e-6)
    assert fitted.counts[1] == pytest.approx(np.array([[2, 0], [2, 1]]), abs=1e-5)
    assert fitted.skills[0] == pytest.approx(np.eye(2), abs=1e-6)
    assert fitted.skills[1] == pytest.approx(np.array([[1, 0], [2 / 3, 1 / 3]]), abs=1e-6)


def test_one_step_is_prior_times_likelihoods():
    """With the truth of all clamped but one, and skills smoothed by a whole answer a row."""
    fitted = fit(VOTES, DawidSkene(answers=2), Known(gold=GOLD), EmSettings(iterations=0))
    # The EM starts from item 4's votes, half and half. Counts and one imagined answer a cell:
    # volunteer 0 says 1: on truth 0, (0.5 + 1) / (2.5 + 2); on truth 1, (2.5 + 1) / (2.5 + 2).
    # volunteer 1 says 0: on truth 0, (2.5 + 1) / (2.5 + 2); on truth 1, (1.5 + 1) / (2.5 + 2).
    zero, one = 1.5 * 3.5, 3.5 * 2.5
    assert fitted.posterior[4] == pytest.approx([zero / (zero + one), one / (zero + one)], abs=1e-5)


def test_a_classifiers_prior_breaks_a_tie_and_stands_where_nobody_voted():
    votes = SparseVotes.from_triples([0, 0], [0, 1], [0, 1], items=2)
    prior = np.array([[0.2, 0.8], [0.7, 0.3]])
    fitted = fit(votes, OneCoin(), Known(prior=prior))
    assert fitted.posterior[0, 1] > 0.5
    assert fitted.posterior[1] == pytest.approx([0.7, 0.3])


@pytest.mark.parametrize(
    ("known", "message"),
    [
        (Known(prior=np.ones((4, 2))), r"prior: expected shape \(5, 2\), got \(4, 2\)"),
        (Known(gold=np.zeros(3, dtype=int)), r"gold: expected shape \(5,\), got \(3,\)"),
        (Known(gold=np.array([0, 1, 2, 0, 0])), "gold: classes run from 0 to 1"),
    ],
)
def test_what_does_not_fit_the_votes_is_refused(known, message):
    with pytest.raises(BadVotes, match=message):
        fit(VOTES, known=known)


def test_threads_and_repetition_change_nothing():
    drawn = draw_votes(60_000, CrowdShape(volunteers=20), np.random.default_rng(0))
    votes = SparseVotes.from_triples(drawn.item, drawn.volunteer, drawn.label)
    once, again = (
        fit(votes, Hierarchical(), settings=EmSettings(iterations=3, threads=threads))
        for threads in (1, 2)
    )
    assert np.array_equal(once.posterior, again.posterior)


def test_the_evidence_of_plain_dawid_skene_never_falls():
    drawn = draw_votes(5_000, CrowdShape(volunteers=50, classes=5), np.random.default_rng(2))
    votes = SparseVotes.from_triples(drawn.item, drawn.volunteer, drawn.label)
    evidence = [
        fit(votes, DawidSkene(), settings=EmSettings(iterations=n, tolerance=0)).evidence
        for n in (1, 2, 4, 8, 16)
    ]
    assert np.all(np.diff(evidence) > -1e-4)


def test_it_says_whether_it_converged():
    assert fit_simulated(Hierarchical())[0].converged
    hurried = fit(VOTES, settings=EmSettings(iterations=1, tolerance=0))
    assert (hurried.converged, hurried.iterations) == (False, 1)


def test_posteriors_and_skills_are_distributions():
    fitted, drawn, _ = fit_simulated(Hierarchical())
    assert fitted.posterior.sum(axis=1) == pytest.approx(np.ones(len(drawn.truth)), abs=1e-5)
    assert fitted.skills.sum(axis=2) == pytest.approx(np.ones((200, 22)), abs=1e-4)
    assert fitted.shares.sum() == pytest.approx(1)


few_votes = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 3), st.integers(0, 2)), min_size=1, max_size=40
)


@pytest.mark.parametrize("model", [Hierarchical, OneCoin, DawidSkene])
@given(triples=few_votes)
def test_whatever_was_voted_the_answer_is_a_distribution(model, triples):
    item, volunteer, label = (list(column) for column in zip(*triples, strict=True))
    fitted = fit(SparseVotes.from_triples(item, volunteer, label), model())
    assert np.isfinite(fitted.evidence)
    assert fitted.posterior.sum(axis=1) == pytest.approx(np.ones(max(item) + 1), abs=1e-5)
    assert fitted.skills.sum(axis=2) == pytest.approx(np.ones(fitted.skills.shape[:2]), abs=1e-4)


def test_with_few_votes_a_volunteer_the_hierarchy_beats_the_plain_models():
    accuracy = {model: fit_simulated(model())[2] for model in (Hierarchical, OneCoin, DawidSkene)}
    assert accuracy[Hierarchical] > accuracy[OneCoin] + 0.01
    assert accuracy[Hierarchical] > accuracy[DawidSkene] + 0.02


def test_guessers_are_found_out():
    fitted, _, _ = fit_simulated(Hierarchical())
    right = np.trace(fitted.skills, axis1=1, axis2=2) / 22
    guessers, others = right[:30], right[30:]  # the first 15 % guess
    assert guessers.max() < 0.3 < np.median(others)


# Classes Blip, Whistle, None. Page 0 offers Blip and None alone. Volunteer 0 votes on page 0,
# volunteers 1-3 on page 1, which offers all.
OFFERS = np.array([[True, False, True], [True, True, True]])


def test_none_of_the_above_where_the_class_was_not_offered_is_no_mistake():
    truth = np.array([0, 1] * 30)
    item = np.repeat(np.arange(60), 4)
    volunteer = np.tile([0, 1, 2, 3], 60)
    label = np.where(volunteer == 0, np.where(truth[item] == 0, 0, 2), truth[item])
    pages, pair = Pages.from_votes(volunteer, np.minimum(volunteer, 1), OFFERS, 2)
    votes = SparseVotes.from_triples(item, pair, label, classes=3)
    fitted = fit(votes, Hierarchical(), Known(pages=pages))
    assert fitted.posterior.argmax(axis=1).tolist() == truth.tolist()
    # Volunteer 0's answers on Whistles count as right answers of None_of_the_Above.
    assert fitted.skills[0, 2, 2] > 0.8


def test_pages_that_do_not_fit_the_votes_are_refused():
    pages, _ = Pages.from_votes([0, 1, 2], [0, 0, 0], OFFERS, 2)
    with pytest.raises(BadVotes, match="pages: expected offers of shape"):
        fit(VOTES, known=Known(pages=pages))
