"""Picks that are uncertain and unlike each other, in embedding and in time.

The seeding of k-means++ (Arthur & Vassilvitskii 2007) as BADGE uses it for active learning (Ash et
al. 2020): each pick is drawn with probability in proportion to

    weight * (distance to the nearest pick so far)^2

BADGE has the uncertainty in the length of its gradient vectors; here it is the weight, so that any
embedding serves. Farthest-first (Sener & Savarese 2018) would always take the greatest instead of
drawing, and so spend its picks on outliers.

Glitches within a minute of a pick are near-duplicates of it and are left out: one disturbance
rings again and again, and a second label of it teaches nothing.
"""

import numpy as np
from numpy.typing import NDArray

WINDOW_SECONDS = 60.0


def pick_diverse(
    weights: NDArray[np.float64],
    vectors: NDArray[np.floating],
    times: NDArray[np.float64],
    count: int,
    rng: np.random.Generator,
    window: float = WINDOW_SECONDS,
) -> list[int]:
    """Indices of at most ``count`` rows, in the order in which they were picked.

    The first is the heaviest. No two lie within ``window`` seconds, no two are the same vector and
    none has weight 0; so there may be fewer. Costs O(count n d).

    Args:
        weights: (n,), at least 0.
        vectors: (n, d).
        times: (n,) GPS seconds; NaN where unknown, which is near nothing.
    """
    left = np.asarray(weights, dtype=np.float64).copy()
    squares = (vectors**2).sum(axis=1)  # (n,)
    nearest = np.full(len(left), np.inf)
    picked: list[int] = []
    while len(picked) < count and left.any():
        if picked:
            chances = left * nearest
            if not chances.any():
                break
            index = int(rng.choice(len(left), p=chances / chances.sum()))
        else:
            index = int(np.argmax(left))
        picked.append(index)
        left[index] = 0.0
        left[np.abs(times - times[index]) < window] = 0.0
        to_this = squares + squares[index] - 2.0 * (vectors @ vectors[index])
        # Differences of large numbers: what is equal may come out as a little above or below 0.
        to_this[to_this < 1e-6 * (squares + squares[index])] = 0.0
        nearest = np.minimum(nearest, to_this)
    return picked
