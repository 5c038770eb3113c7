"""The embedded Postgres and Valkey, used where no DATABASE_URL / REDIS_URL is set.

``start_postgres`` and ``start_valkey`` start them in a folder (or attach to those that run
there); ``database_url``, ``redis_url`` and ``broker_url`` tell every process of the same checkout
where they are. Importing this starts nothing and loads no Django.
"""

import os
import secrets
from pathlib import Path
from typing import NamedTuple

from labeling.embedded import state
from labeling.embedded.postgres import PostgresHandle, ServerHandle, start_postgres
from labeling.embedded.state import EmbeddedError
from labeling.embedded.valkey import ValkeyHandle, start_valkey

__all__ = [
    "EmbeddedError",
    "PostgresHandle",
    "RunningUrls",
    "ServerHandle",
    "ValkeyHandle",
    "broker_url",
    "database_url",
    "default_folder",
    "keep_secret_key",
    "redis_url",
    "running_urls",
    "secret_key",
    "start_postgres",
    "start_valkey",
]

ROOT = Path(__file__).resolve().parent.parent.parent
ADVICE = "run `make demo` or `make servers` in this checkout, or set {variable}."


class RunningUrls(NamedTuple):
    """The servers that run in a folder; None where one does not run."""

    database: str | None
    redis: str | None


def default_folder() -> Path:
    """``NOTA_VAR``, or ``var/`` in the checkout."""
    return Path(os.environ.get("NOTA_VAR") or ROOT / "var").resolve()


def running_urls(folder: Path | None = None) -> RunningUrls:
    """The URLs of the servers that run in ``folder``."""
    folder = (folder or default_folder()).resolve()
    found = [state.load(folder, kind) for kind in ("postgres", "valkey")]
    return RunningUrls(*(one.url if one else None for one in found))


def database_url() -> str:
    """``DATABASE_URL``, else the running embedded Postgres. EmbeddedError ``no_database``."""
    url = os.environ.get("DATABASE_URL") or running_urls().database
    if url is None:
        raise _missing("no_database", "No database", "DATABASE_URL")
    return url


def redis_url() -> str:
    """``REDIS_URL``, else the running embedded Valkey, as redis-py wants it.

    Raises EmbeddedError ``no_broker``.
    """
    url = os.environ.get("REDIS_URL") or running_urls().redis
    if url is None:
        raise _missing("no_broker", "No broker", "REDIS_URL")
    return url.replace("redis+socket://", "unix://", 1)


def broker_url() -> str:
    """The same server as ``redis_url``, as Celery wants it (it has its own name for sockets)."""
    return redis_url().replace("unix://", "redis+socket://", 1)


def secret_key(folder: Path | None = None) -> str:
    """The secret key of the servers' folder, drawn where servers run there; else "".

    So a second shell's ``manage.py`` works beside a running demo, and a restart leaves everybody
    logged in. A site of its own sets SECRET_KEY.
    """
    folder = (folder or default_folder()).resolve()
    if not _secret_path(folder).exists() and running_urls(folder).database is None:
        return ""
    return keep_secret_key(folder)


def keep_secret_key(folder: Path) -> str:
    """The folder's secret key, drawn at its first use: a demo on real servers needs one too."""
    path = _secret_path(folder.resolve())
    if not path.exists():
        state.write_private(path, secrets.token_urlsafe(48))
    return path.read_text()


def _secret_path(folder: Path) -> Path:
    return folder / "run" / "secret_key"


def _missing(code: str, what: str, variable: str) -> EmbeddedError:
    advice = ADVICE.format(variable=variable)
    where = f"{variable} is not set, and no embedded server runs in {default_folder()}"
    return EmbeddedError(code, f"{what}: {where}. Please {advice}")
