"""The servers of a benchmark: embedded, in a folder of their own, gone when it ends."""

import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from demo.processes import STOP_SIGNALS
from labeling.embedded import start_postgres, start_valkey


@dataclass(frozen=True)
class Servers:
    """``folder`` holds what the servers keep, and has room for more."""

    folder: Path
    database_url: str
    redis_url: str


@contextmanager
def servers(name: str) -> Iterator[Servers]:
    """Postgres, which keeps its promises (fsync as always), and Valkey.

    Where the benchmark is killed, the kernel stops them, and the folder is left.
    """
    with (
        ending_in_order(),
        tempfile.TemporaryDirectory(prefix=f"nota-{name}-") as folder,
        start_postgres(Path(folder), die_with_parent=True) as postgres,
        start_valkey(Path(folder), die_with_parent=True) as valkey,
    ):
        yield Servers(Path(folder), postgres.url, valkey.url)


@contextmanager
def ending_in_order() -> Iterator[None]:
    """Within it SIGTERM and SIGHUP are a Ctrl-C (KeyboardInterrupt): what is open is closed."""
    heard = [one for one in STOP_SIGNALS if one == signal.SIGINT or not _is_ignored(one)]
    before = {one: signal.signal(one, signal.default_int_handler) for one in heard}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def _is_ignored(number: signal.Signals) -> bool:
    """As SIGHUP is with nohup: what was started so is to outlive its terminal."""
    return signal.getsignal(number) is signal.SIG_IGN
