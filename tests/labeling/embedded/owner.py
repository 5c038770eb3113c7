"""``python -m tests.labeling.embedded.owner FOLDER``: owns both servers until it is told to end.

Prints ``up``; ends orderly (and so stops the servers) when its input ends.
"""

import sys
from pathlib import Path

from labeling.embedded import start_postgres, start_valkey

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    with start_postgres(folder, durable=False), start_valkey(folder):
        print("up", flush=True)  # noqa: T201
        sys.stdin.read()
