"""How an embedded server is started: detached, if need be without root's rights.

Postgres refuses to run as root. A server started by root therefore runs as an unprivileged
account. Where a folder above the checkout is closed to that account (``/root`` mostly is), the
server keeps the one capability that lets it pass (CAP_DAC_OVERRIDE, Linux): no permission of any
folder above our own is ever loosened, and no account is created.
"""

import contextlib
import ctypes
import os
import pwd
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from labeling.embedded.state import EmbeddedError

# From linux/prctl.h, linux/securebits.h and linux/capability.h.
PR_SET_PDEATHSIG, PR_SET_SECUREBITS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE = 1, 28, 47, 2
SECBIT_NO_SETUID_FIXUP = 4
CAP_DAC_OVERRIDE, CAPABILITY_VERSION_3 = 1, 0x20080522

ACCOUNTS = ("postgres", "nobody")


def account_for(data: Path) -> pwd.struct_passwd | None:
    """The account that Postgres is to run as: None (ourselves) unless we are root.

    The owner of the data that are there already comes first, so that a checkout may be started
    by its user and by root in turn.
    """
    if os.geteuid() != 0:
        return None
    if data.exists() and (owner := data.stat().st_uid) != 0:
        return pwd.getpwuid(owner)
    for name in ACCOUNTS:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise EmbeddedError(
        "no_account",
        "Postgres does not run as root, and this machine has no account postgres or nobody: "
        "start as another user, or set DATABASE_URL.",
    )


def needs_passage(account: pwd.struct_passwd | None, program: Path, folder: Path) -> bool:
    """Whether the account, left to itself, could not run the program or not enter the folder."""
    if account is None:
        return False
    script = '"$1" --version >/dev/null 2>&1 && test -w "$2" && test -x "$2"'
    command = ["/bin/sh", "-c", script, "sh", str(program), str(folder)]
    check = subprocess.run(command, preexec_fn=becoming(account, False), check=False)  # noqa: S603
    return check.returncode != 0


def becoming(
    account: pwd.struct_passwd | None, passage: bool, dies_on: signal.Signals | None = None
) -> Callable[[], None]:
    """What a child does before it runs its program.

    ``passage``: keep CAP_DAC_OVERRIDE. ``dies_on``: the signal that the kernel sends it when the
    thread that started it ends, however that ends (Linux; elsewhere nothing happens).
    """
    libc = ctypes.CDLL(None, use_errno=True)
    parent = os.getpid()

    def prepare() -> None:
        if account is not None:
            if passage:
                # Else setuid drops all capabilities, and access(2), by which Postgres looks for
                # its own programs, disregards those that are left.
                _checked(libc.prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0))
            os.setgroups([])
            os.setgid(account.pw_gid)
            os.setuid(account.pw_uid)
            if passage:
                _keep_passage(libc)
        if dies_on is not None and sys.platform == "linux":
            libc.prctl(PR_SET_PDEATHSIG, int(dies_on), 0, 0, 0)
            if os.getppid() != parent:  # the parent ended before we asked
                os._exit(1)

    return prepare


def _keep_passage(libc: ctypes.CDLL) -> None:
    bit = 1 << CAP_DAC_OVERRIDE
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    # effective, permitted, inheritable: first for the capabilities 0-31, then for 32-63.
    sets = (ctypes.c_uint32 * 6)(bit, bit, bit, 0, 0, 0)
    _checked(libc.capset(header, sets))
    _checked(libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE, 0, 0))


def _checked(result: int) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), "the kernel refuses to pass on CAP_DAC_OVERRIDE")


def spawn(
    command: Sequence[str | Path], *, cwd: Path, log: Path, prepare: Callable[[], None]
) -> subprocess.Popen[bytes]:
    """Start a server in a session of its own (a Ctrl-C in the terminal is not for it)."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output, told_of_passage(cwd):
        return subprocess.Popen(  # noqa: S603 (our own programs, no shell)
            [str(part) for part in command],
            cwd=cwd,
            env=server_environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=prepare,
        )


@contextlib.contextmanager
def told_of_passage(folder: Path) -> Iterator[None]:
    """Say in words that the kernel did not let a child become what ``becoming`` asks for."""
    try:
        yield
    except subprocess.SubprocessError as error:
        raise EmbeddedError(
            "no_passage",
            f"Postgres does not run as root, and the account that it would run as cannot enter "
            f"{folder} or run its programs. Start as another user, clone into a folder that is "
            "open to others (not below /root), or set DATABASE_URL.",
        ) from error


def server_environment() -> dict[str, str]:
    """The environment without what would steer Postgres from outside (PGDATA, PGPORT ...)."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return kept | {"LC_ALL": "C"}
