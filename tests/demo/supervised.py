"""A program for the tests of the supervisor: supervises dummies until it is stopped.

``python -m tests.demo.supervised FOLDER NAME=SCRIPT ...``, each script a line of shell. Prints
``ready`` when all run, what the supervisor says, and how it ended.
"""

import sys
from pathlib import Path

from demo.processes import Patience, Process, ProcessesError, Supervisor

PATIENCE = Patience(ready=5, stop=1.5, quick=5, quick_deaths=2, between=0.05, look=0.05)


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201


def main() -> int:
    folder = Path(sys.argv[1])
    processes = [
        Process(name, ("/bin/sh", "-c", script), {"FOLDER": str(folder)})
        for name, script in (word.split("=", 1) for word in sys.argv[2:])
    ]
    try:
        with Supervisor(processes, folder, say=say, patience=PATIENCE) as supervisor:
            supervisor.start()
            say("ready")
            supervisor.wait()
    except KeyboardInterrupt:
        say("interrupted")
    except ProcessesError as error:
        say(f"{error.code}: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
