"""The pytest plugin (``-p tests.servers``) that gives the tests their database and broker.

pytest-django reads the settings before any conftest.py is imported, so the servers must run
before that: hence a plugin. Where DATABASE_URL and REDIS_URL are set, those servers are used.
Under xdist the controller starts the servers once and the workers find them in the environment;
pytest-django makes one database a worker, and each worker gets its own number of Valkey here.
"""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest

from labeling.embedded import start_postgres, start_valkey

OURS = "NOTA_TEST_FOLDER"  # set by the controller: the folder of the servers that it started
_at_end = contextlib.ExitStack()


@pytest.hookimpl(wrapper=True)  # a wrapper runs before pytest-django's own hook
def pytest_load_initial_conftests() -> Generator[None, None, None]:
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker is None:
        _start_servers()
    elif OURS in os.environ:
        _take_own_number(worker)
    folder = Path(os.environ[OURS]) / "var" / (worker or "main")
    folder.mkdir(parents=True)
    os.environ["NOTA_VAR"] = str(folder)
    # The tests' own values, whatever the caller's shell holds.
    os.environ.update(DEBUG="0", SITE_URL="http://localhost:8000")
    os.environ["SECRET_KEY"] = "only-for-tests-" + "0" * 40
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    return (yield)


def _start_servers() -> None:
    folder = Path(tempfile.mkdtemp(prefix="nota-tests-"))
    os.environ[OURS] = str(folder)
    _at_end.callback(shutil.rmtree, folder, ignore_errors=True)
    for variable, start in (("DATABASE_URL", start_postgres), ("REDIS_URL", start_valkey)):
        if not os.environ.get(variable):
            # A killed test run leaves no server behind: the kernel stops them with it.
            server = _at_end.enter_context(start(folder, durable=False, die_with_parent=True))
            os.environ[variable] = server.url


def _take_own_number(worker: str) -> None:
    """gw0 -> number 1 of the sixteen: one worker's cache and queue are not another's."""
    url = os.environ["REDIS_URL"]
    if url.endswith("/0"):
        os.environ["REDIS_URL"] = f"{url[:-1]}{1 + int(worker.removeprefix('gw')) % 15}"


def pytest_unconfigure() -> None:
    _at_end.close()
