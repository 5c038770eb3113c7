"""``bench.votes`` in small: real servers, real crashes, and nothing left behind."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import psutil
import pytest

from bench.votes_check import compare

SMALL = ("--glitches", "300", "--stored-votes", "50", "--clients", "4", "--port", "8450")
LONG = 300.0  # seconds: CI is slow


def run_bench(*more: str, tmp_path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "bench.votes", *SMALL, *more],
        env=os.environ | {"TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def wait_for(condition: Callable[[], object]) -> None:
    until = time.monotonic() + LONG
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.1)


def commands_of(processes: list[psutil.Process]) -> str:
    said = []
    for process in processes:
        with contextlib.suppress(psutil.Error):
            said += process.cmdline()
    return " ".join(said)


def test_votes_are_compared_one_by_one():
    assert compare(["a", "b"], ["b", "c", "d"]) == {"lost": 1, "unasked": 2}


@pytest.mark.timeout(LONG)
def test_no_vote_is_lost_while_servers_crash(tmp_path):
    """A worker killed, Postgres crashed, gunicorn killed: clients send again until answered."""
    out = tmp_path / "rows.json"
    bench = run_bench("--faults", "--seconds", "8", "--json", str(out), tmp_path=tmp_path)
    said, _ = bench.communicate(timeout=LONG)
    assert bench.returncode == 0, said
    (row,) = json.loads(out.read_text())
    assert row["refused"], "the faults were not noticed by anybody"
    assert row["acknowledged"] == row["stored"] > 0
    assert (row["lost"], row["unasked"], row["given_up"], row["over_limit"]) == (0, 0, 0, 0)


@pytest.mark.timeout(LONG)
def test_a_benchmark_that_is_killed_leaves_no_process(tmp_path):
    bench = run_bench("--faults", "--seconds", str(LONG), tmp_path=tmp_path)
    top = psutil.Process(bench.pid)

    try:
        wait_for(lambda: "bench.votes_load" in commands_of(top.children(recursive=True)))
        left = top.children(recursive=True)
        commands = commands_of(left)
    finally:
        bench.send_signal(signal.SIGKILL)
    assert all(name in commands for name in ("postgres", "valkey", "gunicorn", "votes_load"))
    bench.communicate()
    _, alive = psutil.wait_procs(left, timeout=LONG)
    assert alive == []
