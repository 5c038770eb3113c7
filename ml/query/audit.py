"""What a random audit says: a share in the whole collection from glitches drawn by chance.

Each glitch is drawn with a known probability that depends on nothing else. The share among all is
estimated by weighting each audited glitch with one over its probability (Hajek 1971, the ratio
form of Horvitz & Thompson 1952); where all are equal it is the plain share. The interval is that
of ``accuracy_interval`` at the effective number of glitches (sum w)^2 / sum w^2 (Kish 1965).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ml.crowd.interval import accuracy_interval


@dataclass(frozen=True)
class Share:
    """``share`` of ``count`` audited glitches, and the central 90 % interval ``low`` to ``high``.

    ``share`` is None where nothing was audited.
    """

    count: int
    share: float | None
    low: float
    high: float


def estimate_share(hits: Sequence[bool], probabilities: Sequence[float]) -> Share:
    """The share of hits in the collection that the audited glitches were drawn from.

    Args:
        hits: one an audited glitch.
        probabilities: in (0, 1], with which each was drawn, in the same order.

    >>> estimate_share([True, False, False, False], [0.1] * 4).share
    0.25
    """
    if not hits:
        return Share(0, None, *accuracy_interval(0, 0))
    weights = 1.0 / np.asarray(probabilities, dtype=np.float64)
    share = float(weights @ np.asarray(hits, dtype=np.float64) / weights.sum())
    effective = float(weights.sum() ** 2 / (weights**2).sum())
    return Share(len(hits), share, *accuracy_interval(share * effective, effective))
