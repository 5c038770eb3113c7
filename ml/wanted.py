"""Whether long work is still wanted, and how far it is: its loops ask and tell, whoever starts it
says whom.

A loop far down calls :func:`check_wanted` and :func:`tell`, so that nothing in between has to hand
a callback on. They go by the thread (context variables): threads that the work starts have none.
"""

import contextlib
from collections.abc import Callable, Iterator
from contextvars import ContextVar

Told = Callable[[str, int, int, float], None]

_check: ContextVar[Callable[[], None] | None] = ContextVar("check", default=None)
_told: ContextVar[Told | None] = ContextVar("told", default=None)
_part: ContextVar[tuple[float, float]] = ContextVar("part", default=(0.0, 1.0))


@contextlib.contextmanager
def while_wanted(check: Callable[[], None], told: Told | None = None) -> Iterator[None]:
    """Within the block the loops call ``check`` often; what it raises ends the work.

    ``told``: called as :func:`tell` is, and with the share of the whole work that is done by then,
    within 0 to 1; more often than a page would show.
    """
    tokens = _check.set(check), _told.set(told)
    try:
        yield
    finally:
        _check.reset(tokens[0])
        _told.reset(tokens[1])


def check_wanted() -> None:
    """Raise what the check of this thread's :func:`while_wanted` raises; without one, return."""
    check = _check.get()
    if check is not None:
        check()


@contextlib.contextmanager
def part(begin: float, end: float, of: float = 1.0) -> Iterator[None]:
    """What is told within the block is of the work from ``begin`` to ``end`` of so much in all.

    Parts nest: the second half of the second half, ``part(1, 2, of=2)`` twice, begins at .75.
    """
    token = _part.set((_share(begin, of), _share(end, of)))
    try:
        yield
    finally:
        _part.reset(token)


def tell(what: str, done: int, of: int) -> None:
    """Say how far a step is: ``what`` was done to so many of so many, as in "read", 200, 1000."""
    told = _told.get()
    if told is not None:
        told(what, done, of, _share(done, of))


def _share(done: float, of: float) -> float:
    """How much of all is done with ``done`` of the present part's ``of``."""
    begin, end = _part.get()
    return begin + (end - begin) * (done / of if of else 0.0)
