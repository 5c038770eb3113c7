"""Where somebody found nothing of late: it is looked at last for a while, and never left out.

Only a walk over a whole queue shows that it holds nothing for a volunteer who has seen all of it.
What was found is remembered by each process for itself; forgetting costs one such walk.
"""

import time

SECONDS = 20.0
MOST = 10_000
BATCHES = 0  # stands for all open batches where otherwise a workflow's id does

_found_nothing: dict[tuple[int, int], float] = {}


def remember_empty(volunteer: int, queue: int) -> None:
    """``queue``: a workflow's id, or ``BATCHES``."""
    if len(_found_nothing) >= MOST:
        _found_nothing.clear()
    _found_nothing[volunteer, queue] = time.monotonic()


def is_likely_empty(volunteer: int, queue: int) -> bool:
    return time.monotonic() - _found_nothing.get((volunteer, queue), -SECONDS) < SECONDS
