"""The five public vote sets: known accuracies of the plain rules, and what the hierarchy makes of
them. No choice here sees the truth."""

import numpy as np
import pytest

from bench.crowd_method import accuracy_of
from bench.vote_sets import read_vote_set, votes_folder
from ml.crowd.choice import MODELS, choose_model
from ml.crowd.dawid_skene import EmSettings, fit
from ml.crowd.models import DawidSkene, Hierarchical
from ml.crowd.votes import SparseVotes

pytestmark = pytest.mark.skipif(
    not votes_folder().is_dir(), reason=f"no real votes in {votes_folder()} (set NOTA_SHARED)"
)
# Set, items, volunteers, votes, classes; accuracy of majority and of Dawid-Skene as published
# with the sets; the least that the hierarchical model must reach.
TABLE = [
    ("bluebird", (108, 39, 4212, 2), 0.759, 0.898, 0.888),
    ("rte", (800, 164, 8000, 2), 0.897, 0.9275, 0.928),
    ("dog", (807, 109, 8070, 4), 0.822, 0.843, 0.835),
    ("web", (2665, 177, 15567, 5), 0.731, 0.825, 0.845),
    ("MS", (700, 44, 2945, 10), 0.704, 0.769, 0.790),
]
CONVERGED = EmSettings(tolerance=1e-5, iterations=500)


def read(name):
    votes = read_vote_set(votes_folder() / name)
    return SparseVotes.from_triples(votes.item, votes.volunteer, votes.label), votes.truth


@pytest.mark.parametrize(("name", "sizes", "majority", "plain", "ours"), TABLE)
def test_the_published_table_is_reproduced(name, sizes, majority, plain, ours):
    votes, truth = read(name)
    assert (votes.items, votes.volunteers, len(votes), votes.classes) == sizes
    assert accuracy_of(votes.tally(), truth) == pytest.approx(majority, abs=0.001)
    fitted = fit(votes, DawidSkene(), settings=CONVERGED)
    assert accuracy_of(fitted.posterior, truth) == pytest.approx(plain, abs=0.0025)


@pytest.mark.parametrize(("name", "sizes", "majority", "plain", "ours"), TABLE)
def test_the_hierarchy_never_loses_to_majority_and_wins_where_votes_are_few(
    name, sizes, majority, plain, ours
):
    votes, truth = read(name)
    accuracy = accuracy_of(fit(votes, Hierarchical()).posterior, truth)
    assert accuracy >= max(ours, majority)


def test_over_all_sets_it_beats_dawid_skene_chosen_or_not():
    by_hierarchy, by_choice, by_plain = [], [], []
    for name, *_ in TABLE:
        votes, truth = read(name)
        choice = choose_model(votes, np.random.default_rng(0))
        by_choice.append(accuracy_of(fit(votes, MODELS[choice.name]()).posterior, truth))
        by_hierarchy.append(accuracy_of(fit(votes, Hierarchical()).posterior, truth))
        by_plain.append(accuracy_of(fit(votes, DawidSkene()).posterior, truth))
    assert np.mean(by_hierarchy) > np.mean(by_plain) + 0.005
    assert np.mean(by_choice) > np.mean(by_plain) + 0.005
