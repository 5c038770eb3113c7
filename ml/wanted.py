"""Whether long work is still wanted: whoever starts it says how to find out, its loops ask.

A loop far down calls :func:`check_wanted`, so that nothing in between has to hand a callback on.
It goes by the thread (a context variable): threads that the work starts are not asked.
"""

import contextlib
from collections.abc import Callable, Iterator
from contextvars import ContextVar

_check: ContextVar[Callable[[], None] | None] = ContextVar("check", default=None)


@contextlib.contextmanager
def while_wanted(check: Callable[[], None]) -> Iterator[None]:
    """Within the block the loops call ``check`` often; what it raises ends the work."""
    token = _check.set(check)
    try:
        yield
    finally:
        _check.reset(token)


def check_wanted() -> None:
    """Raise what the check of this thread's :func:`while_wanted` raises; without one, return."""
    check = _check.get()
    if check is not None:
        check()
