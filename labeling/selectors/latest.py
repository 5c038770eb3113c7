"""From where on a sweep looks: at what came since its last find, and at some ids before that.

A row gets its id when it is begun and is seen when it is committed, so that one may come in below
what has been looked at. What comes later still, or changes below, is found when a sweep looks at
the whole table, which it does seldom (``workers.schedule``).
"""

# More rows than are being written at any time.
LATE = 10_000


def look_after(last: int | None) -> int:
    """The id after which to look, where ``last`` is the latest one found; None: look at all."""
    return max(0, last - LATE) if last is not None else 0
