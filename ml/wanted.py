"""Whether long work is still wanted, and how far it is: its loops ask and tell, whoever starts it
says whom.

A loop far down calls :func:`check_wanted` and :func:`tell`, so that nothing in between has to hand
a callback on. They go by the thread (context variables): threads that the work starts have none.
"""

import contextlib
from collections.abc import Callable, Iterator
from contextvars import ContextVar

Told = Callable[[str, int, int], None]

_check: ContextVar[Callable[[], None] | None] = ContextVar("check", default=None)
_told: ContextVar[Told | None] = ContextVar("told", default=None)


@contextlib.contextmanager
def while_wanted(check: Callable[[], None], told: Told | None = None) -> Iterator[None]:
    """Within the block the loops call ``check`` often; what it raises ends the work.

    ``told``: called as :func:`tell` is, more often than a page would show.
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


def tell(what: str, done: int, of: int) -> None:
    """Say how far a step is: ``what`` was done to so many of so many, as in "read", 200, 1000."""
    told = _told.get()
    if told is not None:
        told(what, done, of)
