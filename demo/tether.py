"""``python tether.py PARENT SECONDS command ...``: run a command that never outlives PARENT (pid).

It stands between the supervisor and each process that the supervisor starts. When the supervisor
ends, in whichever way (SIGKILL included), or when a SIGTERM comes, the command is asked to end,
and killed with its whole process group SECONDS later. When the command ends by itself, what it
left behind in the group is killed and its exit status passed on.

Standard library only and run as a file, so that it starts in milliseconds.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from types import FrameType

POLL_SECONDS = 0.1


class Tether:
    """Holds one command; ``run`` returns its exit status (128 + signal, as a shell does)."""

    def __init__(self, parent: int, seconds: float, command: list[str]) -> None:
        self.parent = parent  # told, not asked for: it may be gone before we run
        self.seconds = seconds
        self.command = command
        self.asked = False

    def ask(self, _signal: int, _frame: FrameType | None) -> None:
        self.asked = True

    def run(self) -> int:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self.ask)
        # The group carries the child's pid; its session is still ours (see Supervisor.bury).
        child = subprocess.Popen(self.command, process_group=0)  # noqa: S603
        while child.poll() is None and not self.asked and os.getppid() == self.parent:
            time.sleep(POLL_SECONDS)
        if child.poll() is None:
            child.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(self.seconds)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        status = child.wait()
        return status if status >= 0 else 128 - status


if __name__ == "__main__":
    sys.exit(Tether(int(sys.argv[1]), float(sys.argv[2]), sys.argv[3:]).run())
