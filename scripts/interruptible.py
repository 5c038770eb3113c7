"""``python scripts/interruptible.py command ...``: run a command that Ctrl-C ends.

A shell starts what it runs in the background with SIGINT ignored, and every child inherits that:
a Ctrl-C sent to such a `make` would leave a long install running. Programs of our own set their
handlers themselves; this gives foreign ones the usual behaviour back.
"""

import os
import signal
import sys

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.execv(sys.argv[1], sys.argv[1:])  # noqa: S606
