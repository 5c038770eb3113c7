"""How near each test glitch lies to the training: the same minute's are near-duplicates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ml.vision.judging.splits import NEAR_SECONDS

UNKNOWN = "unknown"
LATER = "later than training"


@dataclass(frozen=True)
class Origins:
    """Where n test glitches come from: ``detectors`` (n,), ``times`` (n,) GPS seconds or NaN.

    ``train_times`` (m,): when the glitches were that the version was trained on.
    """

    detectors: Sequence[str]
    times: npt.NDArray[np.float64]
    train_times: npt.NDArray[np.float64]


def nearness(origins: Origins) -> list[str]:
    """Whether each test glitch lies later than all training, apart from it, or near some of it."""
    known = np.sort(origins.train_times[np.isfinite(origins.train_times)])
    if not len(known):
        return [UNKNOWN] * len(origins.times)
    names = []
    for t in origins.times:
        place = np.searchsorted(known, t)
        gap = np.abs(known[max(place - 1, 0) : place + 1] - t).min() if np.isfinite(t) else 0.0
        if not np.isfinite(t):
            names.append(UNKNOWN)
        elif gap <= NEAR_SECONDS:
            names.append("within a minute of training")
        else:
            names.append(LATER if t > known[-1] else "apart from training")
    return names
