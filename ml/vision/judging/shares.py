"""How well a share is known from so many glitches. Light enough for the web process."""

from __future__ import annotations

from scipy.special import betaincinv, ndtri

MASS = 0.95


def share_interval(hits: int, of: int, mass: float = MASS) -> tuple[float, float]:
    """Wilson's interval of a share (Wilson 1927); of nothing, everything is possible.

    >>> share_interval(0, 0)
    (0.0, 1.0)
    """
    if not of:
        return 0.0, 1.0
    z = float(ndtri((1 + mass) / 2))
    share = hits / of
    centre = (share + z**2 / (2 * of)) / (1 + z**2 / of)
    half = z / (1 + z**2 / of) * (share * (1 - share) / of + z**2 / (4 * of**2)) ** 0.5
    return max(centre - half, 0.0), min(centre + half, 1.0)


def exact_interval(hits: int, of: int, mass: float = MASS) -> tuple[float, float]:
    """Clopper and Pearson's interval of a share (1934): never too short, where Wilson's may be.

    For a decision by one of its ends on a handful.

    >>> exact_interval(1, 1)
    (0.025, 1.0)
    """
    tail = (1 - mass) / 2
    low = float(betaincinv(hits, of - hits + 1, tail)) if hits else 0.0
    high = float(betaincinv(hits + 1, of - hits, 1 - tail)) if hits < of else 1.0
    return low, high
