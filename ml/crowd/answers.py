"""Counting answers for skill: gold counts full, consensus less, and old answers fade.

An answer given at time ``at`` counts ``weight x 2^(-(now - at) / half_life)`` at time ``now``.
Nothing stored has to be touched for that: what is stored is ``weight x 2^(at / half_life)``, so
an answer is one addition however long the history, and reading scales all cells at once by
``2^(-now / half_life)`` (exponential forgetting by a growing scale, cf. Cormode et al. 2009,
"Forward decay"). The clock is the caller's: days since a fixed day, or a volunteer's answers.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.crowd.skill import Matrix

Vector = NDArray[np.float64]
# 2^1000 is near the end of what a float64 holds.
HALF_LIVES_MAX = 1000.0


class ClockTooFar(ValueError):
    """A time so many half-lives from the clock's zero that its weight leaves the numbers."""

    code = "clock_too_far"


@dataclass(frozen=True)
class AnswerWeights:
    """What an answer is worth.

    Attributes:
        gold: where an expert knew the truth.
        consensus: where only the crowd did; its posterior says how surely.
        half_life: on the caller's clock; infinite: nothing fades.
    """

    gold: float = 1.0
    consensus: float = 0.25
    half_life: float = 365.0

    def __post_init__(self) -> None:
        for name in ("gold", "consensus", "half_life"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name}: must be above 0, got {getattr(self, name)!r}")

    def growth(self, at: float) -> float:
        """How much more an answer at this time is worth than one at the clock's zero.

        Raises:
            ClockTooFar: more than 1000 half-lives away.
        """
        if abs(at) > HALF_LIVES_MAX * self.half_life:
            raise ClockTooFar(
                f"time {at:g} is over {HALF_LIVES_MAX:g} half-lives ({self.half_life:g}) from the "
                "clock's zero: start the clock later"
            )
        return float(2.0 ** (at / self.half_life))


DEFAULT_WEIGHTS = AnswerWeights()


def count_gold(
    stored: Matrix, truth: int, voted: int, at: float, weights: AnswerWeights = DEFAULT_WEIGHTS
) -> None:
    """Add an answer on gold to ``stored``, (C, C), rows = truth: one cell, in place."""
    stored[truth, voted] += weights.gold * weights.growth(at)


def count_consensus(
    stored: Matrix,
    posterior: Vector,
    voted: int,
    at: float,
    weights: AnswerWeights = DEFAULT_WEIGHTS,
) -> None:
    """Add an answer on a glitch that only the crowd settled: one column, in place.

    Args:
        posterior: (C,) of the glitch, best without this volunteer's own vote; every possible
            truth gets its share, so that an unsure consensus proves little.
    """
    stored[:, voted] += weights.consensus * weights.growth(at) * posterior


def faded(stored: Matrix, now: float, weights: AnswerWeights = DEFAULT_WEIGHTS) -> Matrix:
    """What the stored answers count at this time, (..., C, C)."""
    return stored / weights.growth(now)
