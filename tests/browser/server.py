"""A real gunicorn on the tests' database that can be stopped, killed and started again."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from django.db import connection

START_SECONDS = 30


class Server:
    """One process on one port. ``folder`` holds its pictures, as the test's settings do."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen | None = None

    def start(self) -> None:
        base = os.environ["DATABASE_URL"].rpartition("/")[0]
        environment = os.environ | {
            "DATABASE_URL": f"{base}/{connection.settings_dict['NAME']}",
            "NOTA_VAR": str(self.folder),
            "STATIC_ROOT": str(self.folder),
            "LOG_LEVEL": "ERROR",
        }
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "gunicorn", "labeling.wsgi:application"),
                *("--bind", f"127.0.0.1:{self.port}", "--worker-class", "gthread"),
                *("--threads", "8", "--log-level", "error", "--no-control-socket"),
                *("--graceful-timeout", "1"),
            ],
            env=environment,
        )
        self._wait()

    def _wait(self) -> None:
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{self.url}/healthz", timeout=5).close()  # noqa: S310
                return
            time.sleep(0.1)
        raise AssertionError("the server does not answer")

    def stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(timeout=20)
            self.process = None
