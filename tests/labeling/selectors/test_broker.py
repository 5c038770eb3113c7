"""What workers say of themselves, asked over a real broker."""

import subprocess
import sys
import threading
from contextlib import contextmanager

from labeling.selectors.broker import alive_workers, unserved_queues

WORKER = ("-m", "celery", "-A", "labeling", "worker", "-n", "one@here", "--pool", "solo")


@contextmanager
def worker_of(queues):
    """A worker of these queues, once it answers."""
    started = subprocess.Popen([sys.executable, *WORKER, "-Q", queues])
    try:
        for _ in range(1200):
            if alive_workers():
                break
            assert started.poll() is None
            threading.Event().wait(0.1)
        yield
    finally:
        started.terminate()
        started.wait()


def test_a_queue_is_served_by_the_workers_that_listen_to_it():
    assert alive_workers() == []
    with worker_of("looks,default"):
        assert alive_workers() == [{"name": "one@here", "queues": ["default", "looks"]}]


def test_what_nobody_listens_to_is_named():
    one = {"name": "one@here", "queues": ["default", "looks"]}
    assert unserved_queues([one]) == ["gpu"]
    assert unserved_queues([one, {"name": "two@there", "queues": ["gpu"]}]) == []
