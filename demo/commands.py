"""What runs where: the one table of Nota's processes.

The demo starts these commands, and ``docker-compose.yml`` holds the same ones (a test compares
them). They are written as a shell finds them; ``here()`` turns one into what this checkout's own
Python runs.
"""

import json
import os
import socket
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path

from celery import Celery
from kombu.exceptions import OperationalError
from redis import RedisError

from demo.processes import Process
from labeling import embedded

Command = tuple[str, ...]
MODULES = ("gunicorn", "celery")  # run as `python -m`: a moved checkout's scripts do not start


def commands(*, bind: str = "0.0.0.0:8000", var: str = "var") -> dict[str, Command]:
    """Each process by its name. ``bind``: address and port of the site; ``var``: NOTA_VAR."""
    return {
        "migrate": ("python", "manage.py", "migrate", "--noinput"),
        # Threads, because requests wait for the database; few, because they wait for each other in
        # Python (docs/figures.md has what each layout carries). No control socket: it would lie in
        # the home folder, where a second site would take it away.
        "web": (
            *("gunicorn", "labeling.wsgi:application", "--bind", bind),
            *("--worker-class", "gthread", "--workers", "4", "--threads", "2"),
            *("--timeout", "60", "--graceful-timeout", "10", "--no-control-socket"),
        ),
        "worker": worker("default", pool="prefork", at_once=2),
        "worker-gpu": worker("gpu"),
        # New glitches are predicted while a training goes on.
        "worker-predictions": worker("predictions"),
        # People wait for what it does. It loads torch with the first question, and not before.
        "worker-looks": worker("looks"),
        "beat": ("celery", "-A", "labeling", "beat", "--schedule", f"{var}/beat-schedule"),
    }


def worker(name: str, *more: str, pool: str = "threads", at_once: int = 1) -> Command:
    """A worker of the queue of its own name, and of those named besides.

    With torch one task at a time and no fork (torch that has computed before a fork hangs after
    it), in a thread beside the main loop: so a worker that trains for an hour still answers pings,
    which the solo pool does not.
    """
    return (
        *("celery", "-A", "labeling", "worker", "-Q", ",".join((name, *more)), "-n", f"{name}@%h"),
        *("--pool", pool, "--concurrency", str(at_once)),
        # Workers need not hear of each other; what they did is worth a line in the log.
        *("--without-gossip", "--without-mingle", "--loglevel", "INFO"),
    )


def here(command: Command) -> Command:
    """The command as this Python runs it."""
    program, *arguments = command
    if program == "python":
        return (sys.executable, *arguments)
    if program in MODULES:
        return (sys.executable, "-m", program, *arguments)
    return command


def environment(folder: Path, *, port: int, database_url: str, redis_url: str) -> dict[str, str]:
    """The settings of a demo whose state is in ``folder``: what its processes need to be told."""
    return {
        "NOTA_VAR": str(folder),
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "SECRET_KEY": os.environ.get("SECRET_KEY") or embedded.keep_secret_key(folder),
        "SITE_URL": f"http://localhost:{port}",
        "DJANGO_SETTINGS_MODULE": "labeling.settings",
        # All its glitches came within minutes, and no more will: a trial would wait for them a day.
        "NOTA_SHADOW_GLITCHES": os.environ.get("NOTA_SHADOW_GLITCHES", "0"),
        # Its weights come in a package: the demo needs no network, also where there is a GPU.
        "NOTA_RECIPE": os.environ.get("NOTA_RECIPE") or "nota-cpu",
    }


def processes(
    folder: Path, *, port: int, settings: Mapping[str, str], host: str = "127.0.0.1"
) -> list[Process]:
    """The demo's processes in the order of their start; migrations are not among them.

    ``settings`` is what ``environment`` tells. Trainings and predictions share a process, so that
    a small machine has torch in memory once: predictions wait for the minute that a training takes.
    """
    table = commands(bind=f"{host}:{port}", var=str(folder))
    broker = settings["REDIS_URL"].replace("unix://", "redis+socket://", 1)
    gpu = worker("gpu", "predictions")
    one_thread = dict(settings) | {"OMP_NUM_THREADS": "1"}
    all_threads = dict(settings) | {"OMP_NUM_THREADS": str(os.cpu_count() or 1)}
    return [
        Process("web", here(table["web"]), one_thread, answers_at(f"http://127.0.0.1:{port}")),
        Process("worker", here(table["worker"]), one_thread, pings(broker, "default")),
        Process("worker-gpu", here(gpu), all_threads, pings(broker, "gpu")),
        Process("worker-looks", here(table["worker-looks"]), one_thread, pings(broker, "looks")),
        Process("beat", here(table["beat"]), one_thread),
    ]


def answers_at(address: str) -> Callable[[], bool]:
    """Whether the site's own health check says that all is well."""

    def ready() -> bool:
        try:
            with urllib.request.urlopen(f"{address}/healthz", timeout=5) as answer:  # noqa: S310
                return bool(answer.status == 200)
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            return False

    return ready


def pings(broker: str, name: str) -> Callable[[], bool]:
    """Whether this machine's worker ``name`` answers over the broker (no Django is loaded)."""
    destination = f"{name}@{socket.gethostname()}"

    def ready() -> bool:
        with Celery("probe", broker=broker, set_as_current=False) as probe:
            try:
                return bool(probe.control.ping(destination=[destination], timeout=1.0))
            except (OperationalError, RedisError, OSError):
                return False

    return ready


def main() -> None:
    """Print the table, for people who run the processes under a supervisor of their own."""
    sys.stdout.write(json.dumps({k: " ".join(v) for k, v in commands().items()}, indent=1) + "\n")


if __name__ == "__main__":
    main()
