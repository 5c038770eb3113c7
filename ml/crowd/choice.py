"""Which model of errors fits a crowd: chosen by votes that it did not see, never by the truth.

Each model is fitted on most of the votes and asked for the rest: the probability that it gave to
what the volunteer then said, sum over k of P(truth = k | the other votes) P(vote | truth = k).
A model with too much freedom explains what it saw and not what it did not.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.crowd.dawid_skene import EmSettings, Fit, Known, fit
from ml.crowd.models import DawidSkene, ErrorModel, Hierarchical, OneCoin
from ml.crowd.votes import SparseVotes

ModelMaker = Callable[[], ErrorModel]

# The small set to choose from, from rigid to free.
MODELS: Mapping[str, ModelMaker] = {
    "one_coin": OneCoin,
    "hierarchical_300": lambda: Hierarchical(300.0),
    "hierarchical_100": lambda: Hierarchical(100.0),
    "hierarchical_30": lambda: Hierarchical(30.0),
    "hierarchical_10": lambda: Hierarchical(10.0),
    "hierarchical_3": lambda: Hierarchical(3.0),
    "dawid_skene": DawidSkene,
}


@dataclass(frozen=True)
class Choice:
    """``name``: the best model; ``held_out``: mean log P(unseen vote) of every model."""

    name: str
    held_out: dict[str, float]


def choose_model(
    votes: SparseVotes,
    rng: np.random.Generator,
    models: Mapping[str, ModelMaker] = MODELS,
    *,
    folds: int = 5,
    known: Known | None = None,
    settings: EmSettings | None = None,
) -> Choice:
    """The model that foretells votes best, by cross-validation over the votes.

    Args:
        rng: deals the votes to the folds.
        folds: each model is fitted this many times.
    """
    fold = rng.permutation(len(votes)) % folds
    scores = {
        name: float(
            np.mean([_score(votes, fold == k, make, known, settings) for k in range(folds)])
        )
        for name, make in models.items()
    }
    return Choice(name=max(scores, key=lambda name: scores[name]), held_out=scores)


def _score(
    votes: SparseVotes,
    unseen: NDArray[np.bool_],
    make: ModelMaker,
    known: Known | None,
    settings: EmSettings | None,
) -> float:
    fitted = fit(votes.without(unseen), make(), known, settings)
    return held_out_log_likelihood(fitted, votes.item_of_vote()[unseen], votes.cells[unseen])


def held_out_log_likelihood(
    fitted: Fit, item: NDArray[np.integer], cell: NDArray[np.integer]
) -> float:
    """Mean log P(vote) of votes that the fit did not see; (N,) items and cells as in the votes."""
    classes = fitted.posterior.shape[1]
    volunteer, label = np.divmod(cell, classes)
    chance = np.einsum("nk,nk->n", fitted.posterior[item], fitted.skills[volunteer, :, label])
    return float(np.log(np.maximum(chance, 1e-12)).mean())
