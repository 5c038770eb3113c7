"""``python -m demo.reset``: stop what runs and delete the demo's state; the simulated set stays."""

import os
import shutil
import signal
import sys
from pathlib import Path

from demo.processes import KIND
from labeling.embedded import EmbeddedError, default_folder, state
from labeling.embedded.postgres import STOP as STOP_POSTGRES
from labeling.embedded.valkey import STOP as STOP_VALKEY

# What the demo makes under var/, by name: whatever else lies there is not ours to delete. Kept
# are the simulated set and the caches (found by content, so never wrong, and dear to make again).
STATE = (
    *("postgres", "postgres.new", "valkey", "pictures", "models", "demo", "log", "run"),
    *(f"beat-schedule{end}" for end in ("", ".db", ".dat", ".dir", ".bak")),
)
# A supervisor needs its processes' patience and some more before it ends by itself.
STOPS = (
    (KIND, ((signal.SIGTERM, 40.0), (signal.SIGKILL, 5.0))),
    ("valkey", STOP_VALKEY),
    ("postgres", STOP_POSTGRES),
)


def stop_all(folder: Path) -> list[str]:
    """Stop the supervisor first, then the servers; the names of those that ran."""
    stopped = []
    for kind, steps in STOPS:
        found = state.load(folder, kind)
        if found is not None:
            state.shut_down(found.pid, steps)
            stopped.append(kind)
    return stopped


def delete_state(folder: Path) -> list[str]:
    """Delete what ``STATE`` names; the names of what was there."""
    deleted = []
    for name in STATE:
        path = folder / name
        if path.is_symlink() or path.is_file():
            path.unlink()
        elif path.is_dir():
            shutil.rmtree(path)
        else:
            continue
        deleted.append(name)
    return deleted


def main() -> int:
    folder = default_folder()
    try:
        stopped = stop_all(folder)
        deleted = delete_state(folder)
    except EmbeddedError as error:
        sys.stderr.write(f"{error} ({error.code})\n")
        return 1
    sys.stdout.write(f"Stopped: {', '.join(stopped) or 'nothing ran'}.\n")
    sys.stdout.write(f"Deleted in {folder}: {', '.join(deleted) or 'nothing was there'}.\n")
    for variable in ("DATABASE_URL", "REDIS_URL"):
        if os.environ.get(variable):
            sys.stdout.write(f"{variable} is set: what lies on that server was left as it is.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
