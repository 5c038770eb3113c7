"""The site of ``bench.votes``: embedded servers, gunicorn under a supervisor, and what they cost.

Nothing outlives the benchmark, however it ends: of the servers ``bench/servers.py`` takes care, and
gunicorn runs behind a tether (``demo/tether.py``).
"""

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from bench.servers import servers
from demo.commands import answers_at, commands, environment, here
from demo.processes import ROOT, Patience, Process, Supervisor, free_port
from labeling.embedded import start_postgres, state

QUICK = Patience(between=0.2, look=0.1, quick_deaths=5)


@dataclass
class VoteSite:
    """A running site; ``folder`` holds its servers, ``port`` is gunicorn's."""

    folder: Path
    port: int
    database_url: str
    supervisor: Supervisor

    def cpu_seconds(self) -> dict[str, float]:
        """Processor time (user and system) that each part has taken so far."""
        return {
            "python": _of_tree(self.supervisor.running["web"].tether.pid),
            "postgres": _of_tree(self._pid("postgres")),
            "valkey": _of_tree(self._pid("valkey")),
        }

    def kill_worker(self) -> None:
        """SIGKILL one of gunicorn's workers; its master starts another."""
        self._web()[-1].kill()

    def kill_web(self) -> None:
        """SIGKILL gunicorn's master, and with it all its workers; the supervisor starts anew."""
        self._web()[0].kill()

    def crash_postgres(self) -> None:
        """End Postgres at once, as a crash does, and start it again at the same address."""
        pid = self._pid("postgres")
        os.kill(pid, signal.SIGQUIT)
        while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.05)
        port = urlsplit(self.database_url).port
        start_postgres(self.folder, die_with_parent=True, port=port)

    def _web(self) -> list[psutil.Process]:
        """gunicorn's master and its workers; only the tether is above them."""
        (master,) = psutil.Process(self.supervisor.running["web"].tether.pid).children()
        return [master, *master.children()]

    def _pid(self, kind: str) -> int:
        found = state.load(self.folder, kind)
        if found is None:
            raise RuntimeError(f"The {kind} of {self.folder} does not run any more.")
        return found.pid


@contextmanager
def vote_site(port: int, gunicorn: list[str]) -> Iterator[VoteSite]:
    """A site in a folder of its own that goes at the end; ``gunicorn``: further arguments.

    An acknowledged vote is on disk. What a process reads from the environment is set for this one,
    too.
    """
    with servers("votes") as own:
        folder, url = own.folder, own.database_url
        port = free_port(port)
        settings = environment(folder, port=port, database_url=url, redis_url=own.redis_url)
        # One client here stands for hundreds of people.
        settings |= dict.fromkeys(("NOTA_THROTTLE_VOTE", "NOTA_THROTTLE_NEXT"), "1000000/min")
        settings |= {"OMP_NUM_THREADS": "1", "DEBUG": "0"}
        os.environ.update(settings)
        table = commands(bind=f"127.0.0.1:{port}", var=str(folder))
        subprocess.run(here(table["migrate"]), cwd=ROOT, check=True, capture_output=True)  # noqa: S603
        web = _web_process((*here(table["web"]), *gunicorn), settings, port)
        with Supervisor([web], folder, say=print, patience=QUICK) as supervisor:
            supervisor.start()
            yield VoteSite(folder, port, url, supervisor)


def _web_process(argv: tuple[str, ...], settings: Mapping[str, str], port: int) -> Process:
    return Process("web", argv, settings, answers_at(f"http://127.0.0.1:{port}"))


def _of_tree(pid: int) -> float:
    """Seconds of a process, of those below it and of those of them that have ended."""
    top = psutil.Process(pid)
    total = 0.0
    for process in (top, *top.children(recursive=True)):
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system + times.children_user + times.children_system
    return total
