"""A supervisor: starts processes, waits until they are healthy, restarts what died, stops all.

Each process runs behind a tether (``demo/tether.py``) in a session of its own: the terminal's
Ctrl-C reaches the supervisor alone, which stops the others in order; and when the supervisor
itself is killed, the tethers stop their processes. Use it in the main thread::

    with Supervisor(processes, folder, say=print) as supervisor:
        supervisor.start()
        ...              # KeyboardInterrupt on Ctrl-C and SIGTERM, ProcessesError when one is lost
        supervisor.wait()
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

import psutil

from labeling.embedded import state

KIND = "demo"  # the supervisor's own state file, beside the servers'
TETHER = Path(__file__).with_name("tether.py")
ROOT = Path(__file__).resolve().parent.parent
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class ProcessesError(Exception):
    """Processes that cannot start or do not stay up; ``code`` is meant for programs."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def tethered(seconds: float, *command: str) -> list[str]:
    """A command that ends with this process, however that ends, after ``seconds`` of patience."""
    return [sys.executable, "-I", "-S", str(TETHER), str(os.getpid()), str(seconds), *command]


@dataclass(frozen=True)
class Process:
    """A process to run: ``environment`` is added to ours; ``ready`` tells that it is healthy."""

    name: str
    argv: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    ready: Callable[[], bool] | None = None


@dataclass(frozen=True)
class Patience:
    """How long the supervisor waits, in seconds, and how often it tries again."""

    ready: float = 90.0
    stop: float = 10.0  # between SIGTERM and SIGKILL
    quick: float = 20.0  # a process that lives shorter has died quickly ...
    quick_deaths: int = 3  # ... and so many times in a row mean that it cannot live
    between: float = 1.0  # before a restart
    look: float = 0.3  # between two looks at all of them


class Running:
    """One process at a time under a name, with the count of its quick deaths."""

    def __init__(self, process: Process, log: Path, patience: Patience) -> None:
        self.process = process
        self.log = log
        self.patience = patience
        self.quick_deaths = 0
        self.spawn()

    def spawn(self) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.started = time.monotonic()
        with self.log.open("ab") as output:
            self.tether = subprocess.Popen(  # noqa: S603 (our own table of commands, no shell)
                tethered(self.patience.stop, *self.process.argv),
                cwd=ROOT,
                env=os.environ | self.process.environment | {"PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def has_died(self) -> bool:
        return self.tether.poll() is not None

    def count_death(self) -> None:
        quick = time.monotonic() - self.started < self.patience.quick
        self.quick_deaths = self.quick_deaths + 1 if quick else 0

    def bury(self) -> None:
        """Kill what is left in the session: something is where the tether itself was killed."""
        for process in psutil.process_iter():
            with contextlib.suppress(OSError, psutil.Error):
                if process.pid != os.getpid() and os.getsid(process.pid) == self.tether.pid:
                    process.kill()


class Supervisor:
    """Runs the processes with logs and state under ``folder``; see the module's example."""

    def __init__(
        self,
        processes: Sequence[Process],
        folder: Path,
        *,
        say: Callable[[str], None],
        address: str = "",
        patience: Patience | None = None,
    ) -> None:
        self.processes = processes
        self.folder = folder
        self.say = say
        self.address = address
        self.patience = patience or Patience()
        self.running: dict[str, Running] = {}
        self.failure: ProcessesError | None = None
        self._stopping = threading.Event()
        self._watcher: threading.Thread | None = None
        self._handlers: dict[signal.Signals, Any] = {}
        self._is_held = False
        self._was_asked = False

    def __enter__(self) -> "Supervisor":
        claim(self.folder, self.address)
        # Also where the caller was started with SIGINT ignored, as shells do in the background.
        for number in STOP_SIGNALS:
            if number is signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN:
                continue  # started with nohup: it is to outlive its terminal
            self._handlers[number] = signal.signal(number, self._interrupt)
        self._handlers[signal.SIGUSR1] = signal.signal(signal.SIGUSR1, self._raise_failure)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self.stop()
        finally:
            state.forget(self.folder, KIND)
            for number, handler in self._handlers.items():
                signal.signal(number, handler)

    def start(self) -> None:
        """Start all and wait until each is healthy. Raises ProcessesError (not_ready, gave_up)."""
        with self._uninterrupted():
            for process in self.processes:
                log = self.folder / "log" / f"{process.name}.log"
                self.running[process.name] = Running(process, log, self.patience)
            self._watcher = threading.Thread(target=self._watch, name="supervisor", daemon=True)
            self._watcher.start()
        for process in self.processes:
            self._wait_until_ready(process)

    def wait(self) -> None:
        """Until Ctrl-C (KeyboardInterrupt) or a loss (ProcessesError)."""
        while True:
            signal.pause()

    def stop(self) -> None:
        """Stop all, the last started first; from here on Ctrl-C and SIGTERM are only answered."""
        self._be_patient()
        self._stopping.set()
        if self._watcher is not None:
            self._watcher.join()
        for one in reversed(self.running.values()):
            if not one.has_died():
                one.tether.terminate()
        for one in reversed(self.running.values()):
            with contextlib.suppress(subprocess.TimeoutExpired):
                one.tether.wait(self.patience.stop + 5)
            one.bury()
            one.tether.wait()
        self.running.clear()

    @contextlib.contextmanager
    def _uninterrupted(self) -> Iterator[None]:
        """Hold an interruption back: one between a start and its note would leave it running."""
        self._is_held = True
        yield
        self._is_held = False
        if self._was_asked:
            raise KeyboardInterrupt

    def _wait_until_ready(self, process: Process) -> None:
        until = time.monotonic() + self.patience.ready
        while process.ready is not None and not process.ready():
            if time.monotonic() > until:
                log = self.running[process.name].log
                raise ProcessesError(
                    "not_ready",
                    f"{process.name} is not healthy after {self.patience.ready:.0f} s. "
                    f"The end of {log}:\n{state.tail(log)}",
                )
            time.sleep(self.patience.look)

    def _watch(self) -> None:
        while not self._stopping.wait(self.patience.look):
            for one in self.running.values():
                if one.has_died() and not self._restart(one):
                    os.kill(os.getpid(), signal.SIGUSR1)
                    return

    def _restart(self, one: Running) -> bool:
        """Start a process that died again; False where it has died too often."""
        status = one.tether.returncode
        one.bury()
        one.count_death()
        if one.quick_deaths >= self.patience.quick_deaths:
            self.failure = ProcessesError(
                "gave_up",
                f"{one.process.name} died {one.quick_deaths} times soon after its start (last "
                f"exit status {status}). The end of {one.log}:\n{state.tail(one.log)}",
            )
            return False
        self.say(f"{one.process.name} died (exit status {status}) and is restarted; see {one.log}")
        if not self._stopping.wait(self.patience.between):
            one.spawn()
        return True

    def _raise_failure(self, _signal: int, _frame: FrameType | None) -> None:
        if self.failure is not None:
            raise self.failure

    def _interrupt(self, _signal: int, _frame: FrameType | None) -> None:
        self._be_patient()  # before anything else: a double Ctrl-C must not break the stopping
        if self._is_held:
            self._was_asked = True
        else:
            raise KeyboardInterrupt

    def _be_patient(self) -> None:
        for number in (*STOP_SIGNALS, signal.SIGUSR1):
            signal.signal(number, self._answer_impatience)

    def _answer_impatience(self, _signal: int, _frame: FrameType | None) -> None:
        # os.write, for a handler may run in the midst of another write to the same stream.
        os.write(2, b"Stopping already; a few seconds more.\n")


def claim(folder: Path, address: str) -> None:
    """Note that this process supervises ``folder``. Raises ProcessesError already_running."""
    with state.locked(folder, KIND):
        found = state.load(folder, KIND)
        if found is not None and not found.is_mine():
            raise ProcessesError(
                "already_running",
                f"A demo of this checkout runs already{f' at {found.url}' if found.url else ''} "
                f"(process {found.pid}). Stop it with Ctrl-C there, or with `make demo-reset`.",
            )
        state.save(folder, KIND, state.state_of(address, os.getpid()))


def free_port(wanted: int, host: str = "127.0.0.1") -> int:
    """``wanted``, or the next port that nobody listens on. Raises ProcessesError no_port."""
    for port in range(wanted, min(wanted + 100, 65536)):
        with socket.socket() as probe:
            # As gunicorn does: a port in TIME_WAIT after the last run counts as free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                probe.bind((host, port))
                return port
    raise ProcessesError("no_port", f"No port from {wanted} to {wanted + 99} is free on {host}.")
