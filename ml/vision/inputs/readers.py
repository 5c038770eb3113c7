"""Who reads pictures: threads for a few glitches, processes of their own for many.

Decoding holds Python's lock for milliseconds, in which the thread that runs the network could not
even start its next layer; on a machine of many cores threads would wait for each other besides.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from typing import TypeVar

from ml.vision.errors import BadSettings, ReadersEnded
from ml.wanted import check_wanted

READERS_LEAST, READERS_MOST = 2, 16
FEW = 64  # glitches, read by threads before a process would have started

Job = TypeVar("Job")
Done = TypeVar("Done")


def reader_count() -> int:
    """How many read, decode and change pictures: ``NOTA_READERS``, else one for each core.

    Of processes that train together each has its share of the cores. Raises BadSettings.
    """
    wanted = os.environ.get("NOTA_READERS", "")
    if not wanted:
        cores = len(os.sched_getaffinity(0)) // int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
        return min(READERS_MOST, max(READERS_LEAST, cores))
    if not wanted.isdecimal() or int(wanted) < 1:
        raise BadSettings(
            f"NOTA_READERS is {wanted!r}; it must be a number of readers from 1, or left out.",
            key="NOTA_READERS",
        )
    return int(wanted)


@contextmanager
def open_readers(jobs: int) -> Iterator[Executor]:
    """For about so many ``jobs``; what they call must be sendable to other processes.

    Raises ReadersEnded where one of them is killed; what waits is dropped when the block ends.
    """
    readers: Executor = ThreadPoolExecutor(reader_count())
    if jobs >= FEW:
        # Not forked: the parent's threads would leave their locks behind, locked.
        context = multiprocessing.get_context("spawn")
        readers = ProcessPoolExecutor(reader_count(), context, initializer=_live_with_the_parent)
    try:
        yield readers
    except BrokenExecutor as error:
        raise ReadersEnded(
            "A process that reads pictures ended. Where the system ended it for want of memory, "
            "start the work again with a smaller NOTA_READERS; a script of your own needs "
            '`if __name__ == "__main__":` around what it does, for such processes import it.'
        ) from error
    finally:
        readers.shutdown(cancel_futures=True)


def _live_with_the_parent() -> None:
    """End when the parent ends, were it by SIGKILL; leave Ctrl-C to the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_wait_for_its_end, daemon=True).start()


def _wait_for_its_end() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def read_ahead(
    readers: Executor, read: Callable[[Job], Done], jobs: Sequence[Job], each: int = 8
) -> Iterator[Done]:
    """``read`` of each job in order by ``readers``, never more ahead than ``each`` for a reader.

    Asks before each whether the work is still wanted (:mod:`ml.wanted`).
    """
    left = iter(jobs)
    ahead = deque(readers.submit(read, job) for job in islice(left, each * reader_count()))
    while ahead:
        check_wanted()
        done = ahead.popleft()
        ahead.extend(readers.submit(read, job) for job in islice(left, 1))
        yield done.result()
