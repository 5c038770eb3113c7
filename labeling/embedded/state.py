"""What is known about a running embedded server: one small file a server under ``<folder>/run``.

The file is how a second process of the same checkout (manage.py, gunicorn, a worker) finds the
server, and how the next start learns who owns it. A process is named by its pid *and* the moment
it was created, because pids are used again.
"""

import contextlib
import fcntl
import json
import os
import signal
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import psutil


class EmbeddedError(Exception):
    """An embedded server that is missing or does not work; ``code`` is meant for programs."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class ServerState:
    """A server that was started, and the process that has promised to stop it."""

    url: str
    pid: int
    created: float  # seconds since the epoch, as psutil tells it
    owner_pid: int
    owner_created: float

    def is_running(self) -> bool:
        return is_running(self.pid, self.created)

    def owner_is_running(self) -> bool:
        return is_running(self.owner_pid, self.owner_created)

    def is_mine(self) -> bool:
        return self.owner_pid == os.getpid() and self.owner_is_running()

    def owned_by_me(self) -> "ServerState":
        return replace(self, owner_pid=os.getpid(), owner_created=psutil.Process().create_time())


def is_running(pid: int, created: float) -> bool:
    """Whether the process ``pid`` created at ``created`` still runs (a zombie does not)."""
    try:
        process = psutil.Process(pid)
        # The clock of boot may be corrected while a process runs: allow it a second.
        same = abs(process.create_time() - created) < 1.0
        return same and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def state_of(url: str, pid: int) -> ServerState:
    """The state of the server ``pid``, owned by this process. Raises psutil.NoSuchProcess."""
    created = psutil.Process(pid).create_time()
    return ServerState(url, pid, created, 0, 0.0).owned_by_me()


def _state_file(folder: Path, kind: str) -> Path:
    return folder / "run" / f"{kind}.json"


def load(folder: Path, kind: str) -> ServerState | None:
    """The running server of this kind; None where none runs (a stale file counts as none)."""
    path = _state_file(folder, kind)
    try:
        state = ServerState(**json.loads(path.read_text()))
    except FileNotFoundError:
        return None
    except PermissionError as error:
        raise _not_yours(path) from error
    except (ValueError, TypeError):
        return None  # half-written by a full disk, or of an older version: as good as no file
    return state if state.is_running() else None


def save(folder: Path, kind: str, state: ServerState) -> None:
    """Store the state in one step; only its owner may read it, for the URL holds a password."""
    write_private(_state_file(folder, kind), json.dumps(asdict(state), indent=1))


def forget(folder: Path, kind: str) -> None:
    _state_file(folder, kind).unlink(missing_ok=True)


def write_private(path: Path, text: str) -> None:
    """Replace the file in one step, readable by this user only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    fresh.replace(path)


@contextlib.contextmanager
def locked(folder: Path, kind: str) -> Iterator[None]:
    """One process at a time starts or stops the server; the lock dies with its process."""
    path = folder / "run" / f"{kind}.lock"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("w")
    except PermissionError as error:
        raise _not_yours(path) from error
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _not_yours(path: Path) -> EmbeddedError:
    return EmbeddedError(
        "not_yours",
        f"{path} belongs to another user of this machine: start as that user, or set "
        "DATABASE_URL and REDIS_URL.",
    )


def shut_down(pid: int, steps: Sequence[tuple[signal.Signals, float]]) -> None:
    """Send each signal in turn, waiting as many seconds after it, until the process has ended."""
    try:
        process = psutil.Process(pid)
        for sent, seconds in steps:
            process.send_signal(sent)
            with contextlib.suppress(psutil.TimeoutExpired):
                process.wait(seconds)
                return
    except psutil.NoSuchProcess:
        return
    raise EmbeddedError("cannot_stop", f"The process {pid} does not end, not even on SIGKILL.")


def tail(path: Path, lines: int = 15) -> str:
    """The last lines of a log, for error messages."""
    try:
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return ""
