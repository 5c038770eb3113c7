"""EM over all votes at once: the truth of every glitch and the skill of every volunteer.

Dawid & Skene (1979), with the model of errors left open (``models``). E-step: the posterior of a
glitch is its prior times the likelihoods of its votes. M-step: skills from the votes counted by
the posterior of the truth.

Both steps run in one sweep over chunks of glitches. With A the sparse 0/1 matrix of a chunk,
(glitches, volunteers x C), and Lambda = log P(vote | truth), (volunteers x C, C):

    log posterior = log prior + A Lambda          counts += A' posterior

so that a sweep costs votes x C multiplications twice and keeps no posterior but a chunk's.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ml.crowd.models import ErrorModel, Hierarchical
from ml.crowd.pages import Pages
from ml.crowd.skill import LEAST, Counts
from ml.crowd.votes import BadVotes, Float32, SparseVotes

# Cells of a chunk's posterior: it stays in the cache between the two products.
CHUNK_CELLS = 1 << 18


@dataclass(frozen=True)
class EmSettings:
    """When to stop, and on how many threads. The result does not depend on ``threads``.

    Attributes:
        iterations: at most.
        tolerance: converged when less than this share of the votes changed its place in the
            expected counts (truth x vote, by volunteer).
    """

    iterations: int = 50
    tolerance: float = 5e-4
    threads: int = 2


@dataclass(frozen=True)
class Fit:
    """What the EM found.

    Attributes:
        posterior: (items, C).
        counts: (V, C, C) votes by expected truth, rows = truth, that the skills were taken from.
        skills: (V, C, C) P(vote | truth).
        shares: (C,) of the classes.
        evidence: mean log P(votes of a glitch).
        moved: the last change of the counts, a share of the votes.
    """

    posterior: Float32
    counts: Counts
    skills: Counts
    shares: NDArray[np.float64]
    evidence: float
    iterations: int
    moved: float
    converged: bool


@dataclass(frozen=True)
class Known:
    """What is known of the glitches beside the votes.

    Attributes:
        prior: (items, C) probabilities, as of a classifier; None: the shares of the classes,
            learned with the rest.
        gold: (items,) the class where an expert settled it, -1 elsewhere; None: nowhere.
        pages: who voted on which pages, where not all classes were on all pages: the votes'
            volunteers are then its pairs.
    """

    prior: NDArray[np.floating] | None = None
    gold: NDArray[np.integer] | None = None
    pages: Pages | None = None

    def check(self, votes: SparseVotes) -> None:
        items, classes = votes.items, votes.classes
        if self.pages is not None and self.pages.offered.shape != (votes.volunteers, classes):
            expected, got = (votes.volunteers, classes), self.pages.offered.shape
            raise BadVotes(f"pages: expected offers of shape {expected}, got {got}")
        if self.prior is not None and self.prior.shape != (items, classes):
            raise BadVotes(f"prior: expected shape {(items, classes)}, got {self.prior.shape}")
        if self.gold is None:
            return
        if self.gold.shape != (items,):
            raise BadVotes(f"gold: expected shape {(items,)}, got {self.gold.shape}")
        if self.gold.min() < -1 or self.gold.max() >= classes:
            raise BadVotes(f"gold: classes run from 0 to {classes - 1}, -1 where unknown")


class _Swept(NamedTuple):
    counts: Float32  # (V x C, C)
    shares: NDArray[np.float64]  # (C,) glitches by class, summed
    evidence: float


_Normalise = Callable[[Float32, int, int], float]


def fit(
    votes: SparseVotes,
    model: ErrorModel | None = None,
    known: Known | None = None,
    settings: EmSettings | None = None,
) -> Fit:
    """Fit by EM from the majority's shares of the votes. Deterministic.

    Raises:
        BadVotes: a prior or gold of the wrong shape.

    >>> votes = SparseVotes.from_triples([0, 0, 0, 1, 1, 1], [0, 1, 2] * 2, [0, 0, 1, 1, 1, 0])
    >>> fit(votes).posterior.argmax(axis=1).tolist()
    [0, 1]
    """
    model, known, settings = model or Hierarchical(), known or Known(), settings or EmSettings()
    known.check(votes)
    return _Em(votes, model, known, settings).run()


class _Em:
    def __init__(
        self, votes: SparseVotes, model: ErrorModel, known: Known, settings: EmSettings
    ) -> None:
        self.votes, self.model, self.known, self.settings = votes, model, known, settings
        cells = max(CHUNK_CELLS, votes.volunteers * votes.classes**2)
        self.spans = list(votes.spans(max(1, cells // votes.classes)))
        most = max(int(votes.starts[last] - votes.starts[first]) for first, last in self.spans)
        self.ones = np.ones(most, dtype=np.float32)
        self.log_shares = np.zeros(votes.classes, dtype=np.float32)

    def run(self) -> Fit:
        votes, settings = self.votes, self.settings
        one_hot = np.tile(np.eye(votes.classes, dtype=np.float32), (votes.volunteers, 1))
        counts, shares, _ = self._sweep(one_hot, self._by_share_of_votes)
        moved, iteration = 1.0, 0
        while moved > settings.tolerance and iteration < settings.iterations:
            iteration += 1
            table, _ = self._maximise(counts, shares)
            before = counts
            counts, shares, _ = self._sweep(table, self._by_likelihood)
            moved = float(np.abs(counts - before).sum()) / (2 * len(votes))
        posterior = np.empty((votes.items, votes.classes), dtype=np.float32)
        table, skills = self._maximise(counts, shares)
        _, shares, evidence = self._sweep(table, self._by_likelihood, posterior)
        return Fit(
            posterior=posterior,
            counts=self._by_volunteer(counts),
            skills=skills,
            shares=shares / shares.sum(),
            evidence=evidence / votes.items,
            iterations=iteration,
            moved=moved,
            converged=moved <= settings.tolerance,
        )

    def _maximise(self, counts: Float32, shares: NDArray[np.float64]) -> tuple[Float32, Counts]:
        """The M-step: the table of log P(vote | truth), (V x C, C), and the skills behind it."""
        classes = self.votes.classes
        self.log_shares = np.log((shares + 1) / (shares.sum() + classes)).astype(np.float32)
        pages = self.known.pages
        skills = self.model.skills(self._by_volunteer(counts))
        shown = skills if pages is None else np.maximum(pages.unfold(skills), LEAST)
        table = np.log(shown.swapaxes(1, 2), dtype=np.float32).reshape(-1, classes)
        return np.ascontiguousarray(table), skills

    def _by_volunteer(self, counts: Float32) -> Counts:
        """(volunteers or pairs x C votes, C truths) -> (V, C, C), truth before vote."""
        votes, pages = self.votes, self.known.pages
        by_vote = counts.reshape(votes.volunteers, votes.classes, votes.classes)
        by_truth = by_vote.swapaxes(1, 2)
        return by_truth if pages is None else pages.fold(by_truth)

    def _sweep(
        self, table: Float32, normalise: _Normalise, out: Float32 | None = None
    ) -> tuple[Float32, NDArray[np.float64], float]:
        """One pass over all chunks; summed in their order, whichever thread was first."""
        counts = np.zeros((self.votes.volunteers * self.votes.classes, self.votes.classes), "f4")
        shares, evidence = np.zeros(self.votes.classes), 0.0

        def one(span: tuple[int, int]) -> _Swept:
            return self._chunk(span, table, normalise, out)

        with ThreadPoolExecutor(self.settings.threads) as pool:
            for swept in pool.map(one, self.spans):
                counts += swept.counts
                shares += swept.shares
                evidence += swept.evidence
        return counts, shares, evidence

    def _chunk(
        self,
        span: tuple[int, int],
        table: Float32,
        normalise: _Normalise,
        out: Float32 | None,
    ) -> _Swept:
        rows: sparse.csr_matrix = self.votes.rows(*span, self.ones)
        posterior: Float32 = rows @ table
        evidence = normalise(posterior, *span)
        if self.known.gold is not None:
            gold = self.known.gold[slice(*span)]
            settled = np.flatnonzero(gold >= 0)
            posterior[settled] = 0.0
            posterior[settled, gold[settled]] = 1.0
        shares = posterior.sum(axis=0, dtype=np.float64)
        if out is not None:
            out[slice(*span)] = posterior
        return _Swept(rows.T @ posterior, shares, evidence)

    def _by_share_of_votes(self, tally: Float32, first: int, last: int) -> float:
        """Where the EM starts: the share of a glitch's votes, or its prior where it has none."""
        if self.known.prior is not None:
            tally += self.known.prior[first:last]
        tally += 1e-9
        tally /= tally.sum(axis=1, keepdims=True)
        return 0.0

    def _by_likelihood(self, log_posterior: Float32, first: int, last: int) -> float:
        """The E-step in place, from log likelihoods; returns the summed log evidence."""
        if self.known.prior is None:
            log_posterior += self.log_shares
        else:
            log_posterior += np.log(np.maximum(self.known.prior[first:last], 1e-12), dtype="f4")
        top = log_posterior.max(axis=1, keepdims=True)
        log_posterior -= top
        np.exp(log_posterior, out=log_posterior)
        total = log_posterior.sum(axis=1, keepdims=True)
        log_posterior /= total
        return float(np.sum(top, dtype=np.float64) + np.log(total).sum(dtype=np.float64))
