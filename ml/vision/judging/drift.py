"""Whether what a model version says has moved from one week to the weeks before.

Counts are compared, not glitches: of predicted classes, and of bins of confidence. How far two
distributions lie apart is the Jensen-Shannon divergence (Lin 1991; in bits, 0 to 1); whether that
is more than chance says a permutation test: the same glitches dealt out anew to the two sides. The
population stability index is given beside it, since many know its scale (.1 moderate, .25 large).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.integer]

PERMUTATIONS = 2000
# Two distributions a week for years: rarely enough that an alarm is worth looking at. Glitches come
# in bursts, so a small shift can be improbable under the permutation and still mean nothing: below
# LEAST_DIVERGENCE (a PSI of about .1) no alarm is given.
SURE = 0.005
LEAST_DIVERGENCE = 0.02
LEAST_GLITCHES = 50
PSI_FLOOR = 1e-4
CONFIDENCE_BINS = 10


@dataclass(frozen=True)
class Shift:
    """How far one week's distribution lies from that of the weeks before."""

    divergence: float
    stability_index: float
    p: float

    @property
    def is_drift(self) -> bool:
        return self.p <= SURE and self.divergence >= LEAST_DIVERGENCE

    def to_dict(self) -> dict[str, Any]:
        return {
            "divergence": self.divergence,
            "stability_index": self.stability_index,
            "p": self.p,
            "is_drift": self.is_drift,
        }


def divergence(week: Counts, before: Counts) -> float:
    """Jensen-Shannon divergence of two counts (K,) in bits.

    >>> divergence(np.array([5, 0]), np.array([0, 9])), divergence(np.array([2]), np.array([7]))
    (1.0, 0.0)
    """
    return float(_divergences(week[None, :], before[None, :])[0])


def stability_index(week: Counts, before: Counts) -> float:
    """Population stability index: sum of (p - q) log(p / q), shares floored at 1e-4."""
    p = np.maximum(week / week.sum(), PSI_FLOOR)
    q = np.maximum(before / before.sum(), PSI_FLOOR)
    return float(((p - q) * np.log(p / q)).sum())


def measure_shift(week: Counts, before: Counts, seed: int = 0) -> Shift | None:
    """The shift from ``before`` (K,) to ``week`` (K,); None with too few glitches to tell.

    p is the share of permutations, this one among them, that lie as far apart or further; the same
    shares on both sides give 1.
    """
    size, rest = int(week.sum()), int(before.sum())
    if min(size, rest) < LEAST_GLITCHES:
        return None
    rng = np.random.default_rng(seed)
    together = week + before
    drawn = rng.multivariate_hypergeometric(together, size, size=PERMUTATIONS)  # (P, K)
    far = divergence(week, before)
    as_far = _divergences(drawn, together - drawn) >= far - 1e-12
    p = float((1 + as_far.sum()) / (1 + PERMUTATIONS))
    return Shift(far, stability_index(week, before), p)


def _divergences(week: Counts, before: Counts) -> npt.NDArray[np.float64]:
    """Pairs of counts (P, K), (P, K) -> (P,)."""
    p = week / week.sum(axis=1, keepdims=True)
    q = before / before.sum(axis=1, keepdims=True)
    found = _entropy((p + q) / 2) - (_entropy(p) + _entropy(q)) / 2
    return np.asarray(np.clip(found, 0.0, 1.0))


def _entropy(p: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.asarray(-(p * np.log2(np.where(p > 0, p, 1.0))).sum(axis=1))
