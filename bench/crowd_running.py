"""What learned skills are worth to the running consensus: one crowd, one stream of votes.

Volunteers of unknown skill come in random order; a tenth of what they are shown is gold. Every
other vote goes to an open glitch, whose consensus (``bayes``) is computed as it is on a site and
retires it by the default policy. The ways of knowing the volunteers are compared on the same crowd:
what of them is learned, and from what.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.crowd.answers import DEFAULT_WEIGHTS
from ml.crowd.models import learn_prior
from ml.crowd.refit import History, refit
from ml.crowd.retirement import RetirementPolicy
from ml.crowd.simulate_votes import CrowdShape, draw_votes
from ml.crowd.skill import DEFAULT_PRIOR, Matrix, confusion_matrix

GOLD_SHARE = 0.1
# Votes between two runs of the worker, as of an hour on a busy site; and between two refits.
HOUR, DAY = 200, 5000
ANSWERS_MIN, GROWTH = 200, 1.1


@dataclass(frozen=True)
class Way:
    """``prior``: learned; ``agreed``: "none", "left_out" or "whole"; ``refits``: once a day."""

    name: str
    prior: bool = False
    agreed: str = "none"
    refits: bool = False


WAYS = (
    Way("default prior, gold"),
    Way("learned prior, gold", prior=True),
    Way("+ agreed, by the others", prior=True, agreed="left_out"),
    Way("+ agreed, by all", prior=True, agreed="whole"),
    Way("+ agreed, by all, refits", prior=True, agreed="whole", refits=True),
)


def measure(votes: int, shape: CrowdShape, seed: int) -> Iterator[dict[str, Any]]:
    """A row a way: votes a glitch, the share of the settled glitches that are right, and by how
    much the skills are off (mean absolute error of a volunteer's accuracy).
    """
    name = f"running, {shape.volunteers} volunteers, {shape.guessing:.0%} guess, seed {seed}"
    for way in WAYS:
        figures = _Site(way, shape, np.random.default_rng(seed)).run(votes)
        yield {"set": name, "method": way.name, "library": "nota", "votes": votes} | figures


def line(row: dict[str, Any]) -> str:
    """A row as the terminal shows it."""
    return (
        f"{row['set']:52s} {row['votes']:7d} {row['method']:26s} {row['settled']:6d} settled, "
        f"{row['votes_a_glitch']:.2f} votes a glitch  accuracy {row['accuracy']:.4f}  "
        f"skills off by {row['skill_error']:.3f}"
    )


class _Site:
    """The running consensus of one site, in arrays."""

    def __init__(self, way: Way, shape: CrowdShape, rng: np.random.Generator) -> None:
        self.way, self.shape, self.rng = way, shape, rng
        self.truths = draw_votes(shape.votes_per_item, shape, rng).confusion
        self.steps = np.cumsum(self.truths, axis=2)
        size = (shape.volunteers, shape.classes, shape.classes)
        self.gold, self.agreed = np.zeros(size), np.zeros(size)
        self.prior, self.learned_from = DEFAULT_PRIOR, 0.0
        self.skills = confusion_matrix(self.gold, self.prior)
        self.policy = RetirementPolicy()
        # A glitch: its truth and its votes as (volunteer, label); its answer once it is settled.
        self.truth: list[int] = []
        self.votes: list[list[tuple[int, int]]] = []
        self.answer: dict[int, int] = {}
        self.open: list[int] = []
        self.to_count: list[int] = []

    def run(self, votes: int) -> dict[str, Any]:
        for number in range(votes):
            volunteer = int(self.rng.integers(self.shape.volunteers))
            if self.rng.random() < GOLD_SHARE:
                self._answer_gold(volunteer)
            else:
                self._vote(volunteer)
            if number % HOUR == HOUR - 1:
                self._work()
            if self.way.refits and number % DAY == DAY - 1:
                self._refit()
        return self._figures()

    def _says(self, volunteer: int, truth: int) -> int:
        step = self.steps[volunteer, truth]
        return min(int(np.searchsorted(step, self.rng.random())), len(step) - 1)

    def _answer_gold(self, volunteer: int) -> None:
        truth = int(self.rng.integers(self.shape.classes))
        self.gold[volunteer, truth, self._says(volunteer, truth)] += DEFAULT_WEIGHTS.gold
        self.skills[volunteer] = self._skill(volunteer)

    def _skill(self, volunteer: int) -> Matrix:
        return confusion_matrix(self.gold[volunteer] + self.agreed[volunteer], self.prior)

    def _vote(self, volunteer: int) -> None:
        glitch = self._next_for(volunteer)
        self.votes[glitch].append((volunteer, self._says(volunteer, self.truth[glitch])))
        posterior = self._posterior(self._likelihoods(glitch).sum(axis=0))
        votes, top = len(self.votes[glitch]), int(posterior.argmax())
        enough = votes >= self.policy.votes_min and posterior[top] >= self.policy.threshold
        if enough or votes >= self.policy.votes_max:
            self.answer[glitch] = top
            self.open.remove(glitch)
            self.to_count.append(glitch)

    def _next_for(self, volunteer: int) -> int:
        """An open glitch that the volunteer has not seen; fifty are open, or more."""
        unseen = [g for g in self.open if all(v != volunteer for v, _ in self.votes[g])]
        if len(unseen) < 50:
            self.truth.append(int(self.rng.integers(self.shape.classes)))
            self.votes.append([])
            self.open.append(len(self.truth) - 1)
            return self.open[-1]
        return int(self.rng.choice(unseen))

    def _likelihoods(self, glitch: int) -> Matrix:
        """(votes, C) log P(vote | truth)."""
        volunteers, labels = np.array(self.votes[glitch]).T
        return np.log(self.skills[volunteers, :, labels])

    @staticmethod
    def _posterior(log_posterior: NDArray[np.float64]) -> NDArray[np.float64]:
        shares = np.exp(log_posterior - log_posterior.max(axis=-1, keepdims=True))
        return np.asarray(shares / shares.sum(axis=-1, keepdims=True))

    def _work(self) -> None:
        """What workers do: count agreed answers, learn the prior."""
        if self.way.agreed != "none":
            self._count_agreed()
        answers = float(self.gold.sum() + self.agreed.sum() / DEFAULT_WEIGHTS.consensus)
        if self.way.prior and answers >= max(ANSWERS_MIN, GROWTH * self.learned_from):
            self.prior, self.learned_from = learn_prior(self.gold + self.agreed), answers
        self.skills = confusion_matrix(self.gold + self.agreed, self.prior)

    def _count_agreed(self) -> None:
        for glitch in self.to_count:
            said = self._likelihoods(glitch)
            own = said if self.way.agreed == "left_out" else 0.0
            judged = np.broadcast_to(self._posterior(said.sum(axis=0) - own), said.shape)
            for (volunteer, label), posterior in zip(self.votes[glitch], judged, strict=True):
                self.agreed[volunteer, :, label] += DEFAULT_WEIGHTS.consensus * posterior
        self.to_count.clear()

    def _refit(self) -> None:
        rows = [(g, v, label) for g, cast in enumerate(self.votes) for v, label in cast]
        item, volunteer, label = np.array(rows, dtype=np.int32).T
        found = refit(
            History(
                item=item,
                volunteer=volunteer,
                page=np.zeros(len(item), dtype=np.int32),
                label=label,
                at=np.zeros(len(item)),
                is_counted=np.isin(item, list(self.answer)),
                gold=np.full(len(self.truth), -1),
                offers=np.ones((1, self.shape.classes), dtype=bool),
                none_of_the_above=self.shape.classes - 1,
            )
        )
        self.agreed = np.zeros_like(self.agreed)
        self.agreed[: len(found.counts)] = found.counts
        self.to_count.clear()
        self._work()

    def _figures(self) -> dict[str, Any]:
        right = [self.answer[g] == self.truth[g] for g in self.answer]
        used = sum(len(self.votes[g]) for g in self.answer)
        off = self.skills - self.truths
        return {
            "settled": len(right),
            "votes_a_glitch": round(used / len(right), 3),
            "accuracy": round(float(np.mean(right)), 4),
            "skill_error": round(
                float(np.abs(np.trace(off, axis1=1, axis2=2)).mean()) / len(off[0]), 4
            ),
        }
