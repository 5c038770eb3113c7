"""Progress in words."""

from collections.abc import Sequence


def time_left(seconds: Sequence[float], left: int) -> str:
    """ ", at most 3 min left" from what the steps so far took; "" before the first.

    >>> time_left([50.0, 70.0], 5)
    ', at most 5 min left'
    """
    if not seconds or left < 1:
        return ""
    ahead = left * sum(seconds) / len(seconds)
    words = f"{ahead / 60:.0f} min" if ahead >= 90 else f"{ahead:.0f} s"
    return f", at most {words} left"
