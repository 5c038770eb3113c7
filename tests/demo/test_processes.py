"""The supervisor on dummies: every way to end leaves no process behind."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from demo.processes import (
    TETHER,
    Patience,
    Process,
    ProcessesError,
    Running,
    Supervisor,
    claim,
    free_port,
)
from labeling.embedded import state

# Each notes its pid, so that the test can look for it. The second starts a child of its own.
SLEEPER = "echo $$ > $FOLDER/sleeper; exec sleep 600"
PARENT = "sleep 600 & echo $! > $FOLDER/child; echo $$ > $FOLDER/parent; wait"
STUBBORN = "trap '' TERM INT; echo $$ > $FOLDER/stubborn; while :; do sleep 0.1; done"


def until(condition: Callable[[], object], seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "what the test waits for did not happen"
        time.sleep(0.02)


def noted(folder: Path, name: str) -> int:
    """The pid that a dummy noted; 0 as long as it has not."""
    path = folder / name
    return int(path.read_text() or 0) if path.exists() else 0


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


class Run:
    """One run of ``tests.demo.supervised`` in a session of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process: subprocess.Popen[str] | None = None

    def __call__(self, *, hangup: Any = signal.SIG_DFL, **scripts: str) -> "subprocess.Popen[str]":
        """``hangup``: what SIGHUP does in the program, whatever started the tests."""
        words = [f"{name}={script}" for name, script in scripts.items()]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.demo.supervised", str(self.folder), *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGHUP, hangup),
        )
        until(lambda: all(noted(self.folder, name) for name in scripts))
        return self.process


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    run = Run(tmp_path)
    yield run
    if run.process is not None:
        run.process.kill()
        run.process.communicate()


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_nothing_is_left_behind(run, tmp_path, sent):
    program = run(sleeper=SLEEPER, parent=PARENT)
    program.send_signal(sent)
    told, _ = program.communicate(timeout=20)
    names = ("sleeper", "parent", "child")
    until(lambda: not any(alive(noted(tmp_path, name)) for name in names))
    if sent is not signal.SIGKILL:
        assert program.returncode == 0
        assert told.splitlines()[-1] == "interrupted"


def test_it_outlives_its_terminal_with_nohup(run, tmp_path):
    program = run(sleeper=SLEEPER, hangup=signal.SIG_IGN)
    program.send_signal(signal.SIGHUP)
    time.sleep(0.5)
    assert alive(noted(tmp_path, "sleeper"))
    program.send_signal(signal.SIGINT)
    program.communicate(timeout=20)
    assert not alive(noted(tmp_path, "sleeper"))


def test_an_interruption_in_the_midst_of_the_start_leaves_nothing(tmp_path, monkeypatch):
    """Ctrl-C when a process runs and is not yet noted."""
    script = f"echo $$ > {tmp_path}/sleeper; exec sleep 600"
    processes = [Process("sleeper", ("/bin/sh", "-c", script))]
    spawn = Running.spawn

    def interrupted(one: Running) -> None:
        spawn(one)
        os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(Running, "spawn", interrupted)
    supervisor = Supervisor(processes, tmp_path, say=print, patience=Patience(stop=1.5))
    with pytest.raises(KeyboardInterrupt), supervisor:
        supervisor.start()
    assert not supervisor.running
    assert not alive(noted(tmp_path, "sleeper"))


def test_an_ignored_signal_kills_only_after_the_patience(run, tmp_path):
    program = run(stubborn=STUBBORN)
    program.send_signal(signal.SIGINT)
    time.sleep(0.5)
    assert alive(noted(tmp_path, "stubborn"))
    program.communicate(timeout=20)
    assert not alive(noted(tmp_path, "stubborn"))


def test_a_double_ctrl_c_is_answered_and_stops_all_the_same(run, tmp_path):
    program = run(stubborn=STUBBORN, sleeper=SLEEPER)
    for _again in range(3):
        program.send_signal(signal.SIGINT)
        time.sleep(0.2)
    told, _ = program.communicate(timeout=20)
    assert "Stopping already" in told
    assert program.returncode == 0
    assert not any(alive(noted(tmp_path, name)) for name in ("stubborn", "sleeper"))


def test_a_dead_process_is_restarted_with_one_line(run, tmp_path):
    program = run(sleeper=SLEEPER)
    first = noted(tmp_path, "sleeper")
    os.kill(first, signal.SIGKILL)
    until(lambda: noted(tmp_path, "sleeper") not in (0, first))
    program.send_signal(signal.SIGINT)
    told, _ = program.communicate(timeout=20)
    line = f"sleeper died (exit status 137) and is restarted; see {tmp_path}/log/sleeper.log"
    assert told.splitlines() == ["ready", line, "interrupted"]


def test_a_killed_tether_takes_its_process_along(run, tmp_path):
    program = run(sleeper=SLEEPER)
    first = noted(tmp_path, "sleeper")
    psutil.Process(first).parent().kill()
    until(lambda: noted(tmp_path, "sleeper") not in (0, first))
    assert not alive(first)
    program.send_signal(signal.SIGINT)
    program.communicate(timeout=20)


def test_a_tether_whose_parent_is_gone_already_runs_nothing_for_long(tmp_path):
    """The parent may be killed before its tether has begun to look for it."""
    gone = subprocess.Popen(["true"])
    gone.wait()
    argv = [sys.executable, "-I", "-S", str(TETHER), str(gone.pid), "1", "sleep", "600"]
    assert subprocess.run(argv, timeout=20).returncode == 128 + signal.SIGTERM


def test_it_gives_up_on_what_cannot_live_and_stops_the_rest(run, tmp_path):
    broken = "echo $$ > $FOLDER/broken; echo the reason; exit 3"
    program = run(sleeper=SLEEPER, broken=broken)
    told, _ = program.communicate(timeout=20)
    assert program.returncode == 1
    assert "gave_up: broken died 2 times soon after its start (last exit status 3)" in told
    assert told.rstrip().endswith("the reason")
    assert not alive(noted(tmp_path, "sleeper"))


def test_what_a_dead_process_left_in_its_group_is_killed(run, tmp_path):
    leaving = "sleep 600 & echo $! > $FOLDER/child; echo $$ > $FOLDER/leaving; sleep 0.3; exit 1"
    program = run(leaving=leaving)
    child = noted(tmp_path, "child")
    until(lambda: not alive(child))
    program.communicate(timeout=20)


def test_a_second_supervisor_of_the_same_folder_is_refused(run, tmp_path):
    program = run(sleeper=SLEEPER)
    with pytest.raises(ProcessesError, match=f"process {program.pid}") as refused:
        claim(tmp_path, "")
    assert refused.value.code == "already_running"
    program.send_signal(signal.SIGINT)
    program.communicate(timeout=20)
    assert state.load(tmp_path, "demo") is None


def test_a_taken_port_is_passed_over():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert free_port(port) > port
    assert free_port(port) == port
