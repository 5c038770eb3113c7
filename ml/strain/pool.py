"""Many calls over a few processes of their own, results as they come."""

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import Any, TypeVar

Result = TypeVar("Result")

_THREAD_SETTINGS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def run_in_processes(
    function: Callable[..., Result], calls: Sequence[tuple[Any, ...]], processes: int
) -> Iterator[Result]:
    """``function(*call)`` for each of ``calls``, in no certain order.

    One process, or one call, runs here without a child, as callers need that may not have children
    themselves. The first error ends the work and is raised here.
    """
    if processes <= 1 or len(calls) <= 1:
        for call in calls:
            yield function(*call)
        return
    # Spawned, not forked: a fork copies locks held by the caller's threads.
    with (
        _one_thread_each(),
        ProcessPoolExecutor(
            min(processes, len(calls)),
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_start_child,
        ) as pool,
    ):
        try:
            for future in as_completed([pool.submit(function, *call) for call in calls]):
                yield future.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


@contextlib.contextmanager
def _one_thread_each() -> Iterator[None]:
    """Children read these once, when they load NumPy: threads in each would fight for the cores."""
    before = {name: os.environ.get(name) for name in _THREAD_SETTINGS}
    os.environ.update(dict.fromkeys(_THREAD_SETTINGS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _start_child() -> None:
    """Leave Ctrl-C to the parent, and never outlive it, even where it was killed outright."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
