"""Train, validation and test: always by glitch, with the classes' shares kept, or in time. NumPy.

Light enough for the web process.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

# Glitches of the same minute are near-duplicates: one among the training tells the other's class.
NEAR_SECONDS = 60.0

Split = dict[str, npt.NDArray[np.intp]]


def stratified_split(labels: Sequence[str], shares: Mapping[str, float], seed: int) -> Split:
    """Places of the glitches (n,) in each split; every class is dealt out by ``shares``.

    One row is one glitch, whatever its pictures: all durations of a glitch stay together. A class
    of few glitches gives to the first splits first.

    >>> split = stratified_split(["A"] * 4 + ["B"] * 2, {"train": 0.5, "test": 0.5}, seed=0)
    >>> [len(places) for places in split.values()]
    [3, 3]
    """
    _check_shares(shares)
    rng = np.random.default_rng(seed)
    every = np.asarray(labels, dtype=str)
    parts: dict[str, list[npt.NDArray[np.intp]]] = {name: [] for name in shares}
    for label in np.unique(every):
        members = rng.permutation(np.flatnonzero(every == label))
        for name, part in zip(shares, np.split(members, _cuts(len(members), shares)), strict=True):
            parts[name].append(part)
    return {name: np.sort(np.concatenate(places)) for name, places in parts.items()}


def split_in_time(
    times: npt.NDArray[np.float64], shares: Mapping[str, float], gap: float = NEAR_SECONDS
) -> Split:
    """Places of the glitches in each split, the earliest in the first.

    What follows the last glitch of an earlier split within ``gap`` seconds is left out: it is a
    near-duplicate. Without a time, a glitch is in none.
    """
    _check_shares(shares)
    order = np.argsort(times, kind="stable")
    order = order[np.isfinite(times[order])]
    split: Split = {}
    last = -np.inf
    for name, part in zip(shares, np.split(order, _cuts(len(order), shares)), strict=True):
        split[name] = part[times[part] > last + gap]
        last = times[part[-1]] if len(part) else last
    return split


def _cuts(count: int, shares: Mapping[str, float]) -> list[int]:
    ends = np.ceil(np.cumsum(list(shares.values())) * count - 1e-9).astype(int)
    return [int(end) for end in ends[:-1]]


def _check_shares(shares: Mapping[str, float]) -> None:
    if not shares or abs(sum(shares.values()) - 1) > 1e-6 or min(shares.values()) < 0:
        raise ValueError(f"the shares of the splits must sum to 1: {dict(shares)}")
