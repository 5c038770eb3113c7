"""``python -m labeling.embedded``: both servers in the foreground until Ctrl-C."""

import contextlib
import signal
import sys
from types import FrameType

from labeling.embedded import EmbeddedError, default_folder, start_postgres, start_valkey


def interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> int:
    """Start both, tell their URLs, wait; 1 where one cannot start."""
    # SIGINT too: a shell starts what it puts in the background with SIGINT ignored.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupt)
    folder = default_folder()
    # The stack is left, and so the servers stopped, in whichever way this ends.
    with contextlib.ExitStack() as stack:
        try:
            for name, start in (("DATABASE_URL", start_postgres), ("REDIS_URL", start_valkey)):
                handle = stack.enter_context(start(folder))
                say(f"{name}={handle.url}")
            say(f"Both servers run in {folder}. Ctrl-C stops them.")
            while True:
                signal.pause()
        except KeyboardInterrupt:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            say("Stopping the servers.")
        except EmbeddedError as error:
            sys.stderr.write(f"{error} ({error.code})\n")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
