import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import psutil
import pytest

from ml.vision.errors import BadSettings, ReadersEnded
from ml.vision.inputs.readers import FEW, open_readers, read_ahead, reader_count
from ml.wanted import while_wanted

A_SCRIPT = """
import os, time
from ml.vision.inputs.readers import FEW, open_readers
with open_readers(FEW) as readers:
    print(readers.submit(os.getpid).result(), flush=True)
    time.sleep(600)
"""


@pytest.mark.parametrize(
    ("cores", "processes", "readers"), [(1, 1, 2), (2, 1, 2), (8, 1, 8), (64, 1, 16), (64, 8, 8)]
)
def test_a_reader_for_each_core_of_a_process(monkeypatch, cores, processes, readers):
    monkeypatch.delenv("NOTA_READERS", raising=False)
    monkeypatch.setenv("LOCAL_WORLD_SIZE", str(processes))  # as torchrun sets it
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(cores)))
    assert reader_count() == readers


def test_the_setting_counts_more_than_the_cores(monkeypatch):
    monkeypatch.setenv("NOTA_READERS", "5")
    assert reader_count() == 5


@pytest.mark.parametrize("wanted", ["0", "-1", "many", "1.5"])
def test_an_odd_number_of_readers_is_refused_by_name(monkeypatch, wanted):
    monkeypatch.setenv("NOTA_READERS", wanted)
    with pytest.raises(BadSettings, match="NOTA_READERS"):
        reader_count()


@pytest.mark.parametrize(
    ("jobs", "kind"), [(1, ThreadPoolExecutor), (FEW, ProcessPoolExecutor)], ids=["few", "many"]
)
def test_reading_ahead_keeps_the_order(jobs, kind):
    with open_readers(jobs) as readers:
        assert isinstance(readers, kind)
        assert list(read_ahead(readers, abs, range(-100, 0))) == list(range(100, 0, -1))
        assert list(read_ahead(readers, abs, [])) == []


def test_no_more_is_read_once_the_work_is_unwanted():
    class Unwanted(Exception):
        pass

    def check():
        if read:
            raise Unwanted

    read = []
    with (
        open_readers(1) as readers,
        while_wanted(check),
        pytest.raises(Unwanted),
    ):
        list(read_ahead(readers, read.append, range(1000)))
    assert len(read) < 100  # what was ahead


def test_a_killed_reader_ends_the_work_with_a_reason(monkeypatch):
    monkeypatch.setenv("NOTA_READERS", "2")
    with pytest.raises(ReadersEnded, match="NOTA_READERS"), open_readers(FEW) as readers:
        list(read_ahead(readers, time.sleep, [0.2] * 4))  # both have started
        os.kill(readers.submit(os.getpid).result(), signal.SIGKILL)
        list(read_ahead(readers, time.sleep, [0.1] * 600))  # it is noticed a moment later


def test_no_reader_outlives_its_parent():
    """Killed, the parent can close nothing."""
    parent = subprocess.Popen([sys.executable, "-c", A_SCRIPT], stdout=subprocess.PIPE, text=True)
    reader = psutil.Process(int(parent.stdout.readline()))
    parent.kill()
    parent.communicate()
    deadline = time.monotonic() + 60
    while reader.is_running() and reader.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.05)
