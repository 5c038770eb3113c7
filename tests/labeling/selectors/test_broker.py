"""What workers say of themselves, asked over a real broker."""

import subprocess
import sys
import time
from contextlib import contextmanager

from labeling.selectors.broker import alive_workers, unserved_queues

WORKER = ("-m", "celery", "-A", "labeling", "worker", "-n", "one@here", "--pool", "solo")


@contextmanager
def worker_of(queues):
    """What a worker of these queues answers, once it does."""
    started = subprocess.Popen([sys.executable, *WORKER, "-Q", queues])
    try:
        until = time.monotonic() + 120
        while not (answer := alive_workers()) and time.monotonic() < until:
            assert started.poll() is None
        yield answer
    finally:
        started.terminate()
        started.wait()


def test_a_queue_is_served_by_the_workers_that_listen_to_it():
    assert alive_workers() == []
    with worker_of("looks,default") as answer:
        assert answer == [{"name": "one@here", "queues": ["default", "looks"]}]


def test_what_nobody_listens_to_is_named():
    one = {"name": "one@here", "queues": ["default", "looks"]}
    assert unserved_queues([one]) == ["gpu", "predictions"]
    assert unserved_queues([one, {"name": "two@there", "queues": ["gpu"]}]) == ["predictions"]
