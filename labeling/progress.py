"""Progress in words."""


def time_left(seconds: float | None, steps: int, about: str = "at most") -> str:
    """ ", at most 3 min left" for so many ``steps`` of so many ``seconds``; "" where unknown.

    >>> time_left(60.0, 5), time_left(60.0, 5, "about")
    (', at most 5 min left', ', about 5 min left')
    """
    if seconds is None or steps < 1:
        return ""
    left = steps * seconds
    for unit, name in ((3600, "h"), (60, "min")):
        if left >= 1.5 * unit:
            return f", {about} {left / unit:.0f} {name} left"
    return f", {about} {left:.0f} s left"
