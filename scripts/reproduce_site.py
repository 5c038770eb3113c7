"""The site of ``make reproduce``: its own servers, one worker, the commands run against them."""

import contextlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from demo.processes import Process, Supervisor, tethered
from labeling.embedded import keep_secret_key, start_postgres, start_valkey
from labeling.jobs import ALL_QUEUES

ROOT = Path(__file__).resolve().parent.parent
STOP_SECONDS = 10.0
ERROR = re.compile(r"^[\w.]*Error: .+", re.MULTILINE)
WORKER = (
    *(sys.executable, "-m", "celery", "-A", "labeling", "worker"),
    *("-Q", ",".join(ALL_QUEUES), "--pool", "threads", "--concurrency", "1"),
    *("--without-gossip", "--without-mingle", "--loglevel", "INFO"),
)


class StepFailed(Exception):
    """A command that ended with an error; the message is what its ``output`` says of it."""

    def __init__(self, output: str) -> None:
        self.output = output
        named = ERROR.findall(output)
        message = named[-1] if named else output.strip().rpartition("\n")[2]
        super().__init__(message.removeprefix("CommandError: "))


@contextlib.contextmanager
def running(folder: Path) -> Iterator[dict[str, str]]:
    """Servers and one worker for every queue; gives the environment that finds them.

    None of them outlives this process, however that ends. Raises EmbeddedError, ProcessesError.
    """
    with contextlib.ExitStack() as stack:
        ours = {
            "NOTA_VAR": str(folder),
            "SECRET_KEY": keep_secret_key(folder),
            "NOTA_TRAIN_NONE_OF_THE_ABOVE": "1",  # one of the papers' 22 classes
        }
        for variable, start in (("DATABASE_URL", start_postgres), ("REDIS_URL", start_valkey)):
            ours[variable] = stack.enter_context(start(folder, die_with_parent=True)).url
        manage(os.environ | ours, "migrate", "--noinput", "--verbosity", "0")
        supervisor = Supervisor([Process("worker", WORKER, ours)], folder, say=say)
        stack.enter_context(supervisor)
        supervisor.start()
        yield os.environ | ours


def manage(environment: dict[str, str], *arguments: str, quiet: bool = False) -> str:
    """Run a command of ``manage.py`` and show what it says; raises :class:`StepFailed`.

    ``quiet`` shows it only where it ends well.
    """
    if not quiet:
        say(f"$ manage.py {' '.join(arguments)}")
    said = []
    with subprocess.Popen(  # noqa: S603 (our own command, no shell)
        tethered(STOP_SECONDS, sys.executable, str(ROOT / "manage.py"), *arguments),
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        for line in process.stdout or ():
            if not quiet:
                say(line.rstrip("\n"))
            said.append(line)
    text = "".join(said)
    if process.returncode != 0:
        raise StepFailed(text or f"{arguments[0]} failed without a word.")
    if quiet:
        say(text.rstrip("\n"))
    return text


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
