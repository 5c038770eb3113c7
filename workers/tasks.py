"""What all tasks share: a record of failures, and a sign of life while a run is held."""

import contextlib
import logging
import os
import socket
import sys
import threading
from collections.abc import Iterator
from typing import Any

from celery import Task
from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError, connection

from labeling import jobs
from labeling.errors import LabelingError
from labeling.models.runs import Run
from labeling.services.failures import record_failure
from labeling.services.runs import end_run, let_go, renew_lease
from ml.errors import MLError
from ml.wanted import while_wanted
from workers.steps import Steps

log = logging.getLogger(__name__)

ATTEMPTS_MAX = 5
SIGNS_A_LEASE = 6  # signs of life: also how soon a worker hears that its run was cancelled


class RecordedTask(Task):
    """A task whose failure stands on the system page."""

    def on_failure(self, exc: Exception, task_id: str, args: Any, kwargs: Any, einfo: Any) -> None:
        try:
            record_failure(self.name, kwargs, repr(exc)[:2000])
        except DatabaseError as error:
            # The database may be what failed; Celery's own log has the exception in full.
            log.error("The failure of %s could not be recorded: %s", self.name, error)


class DeviceTask(RecordedTask):
    """A task that computes on the GPU, where there is one, which workers of two queues share."""

    def after_return(self, *_: Any) -> None:
        if "torch" in sys.modules:
            from ml.vision.memory import free_device_memory

            free_device_memory()


class LostRunError(Exception):
    """The run was cancelled, or another worker took it after a silence."""


class Held:
    """A run that this worker holds; ``check`` raises LostRunError once it no longer does."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.lost = threading.Event()
        self.steps: Steps | None = None
        self.began_again = False  # what this attempt does over is no progress, unless it ends

    def check_attempts(self) -> None:
        """Raise LabelingError ``worker_keeps_dying`` for work that kills every worker.

        Deaths between which it got further, as of deploys during days of training, do not count.
        """
        if self.run.attempts_in_vain > ATTEMPTS_MAX:
            raise LabelingError(
                f"The worker died {ATTEMPTS_MAX} times in a row without getting further with this "
                "work; see its log before it is tried again.",
                code="worker_keeps_dying",
            )

    def check(self) -> None:
        if self.lost.is_set():
            raise LostRunError(f"run {self.run.pk} is no longer this worker's")

    def report(self, stage: str, progress: float, *, until: float | None = None) -> None:
        """Store how far the work is, and check that it is still wanted.

        ``until``: how far it will be when this stage is done; what its loops tell is shown then.
        """
        self.steps = Steps(stage, progress, until) if until is not None else None
        self._store(stage, progress)

    def told(self, what: str, done: int, of: int, share: float) -> None:
        """A loop of the library tells how far it is."""
        step = self.steps.told(what, done, of, share) if self.steps else None
        if self.steps is not None and step is not None:
            self._store(*step, lasting=self.steps.lasting)

    def _store(self, stage: str, progress: float, *, lasting: bool = True) -> None:
        lasting = lasting and not self.began_again
        if not renew_lease(self.run, stage=stage, progress=progress, lasting=lasting):
            self.lost.set()
        self.check()
        jobs.tell(stage, progress)


def worker_name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


@contextlib.contextmanager
def holding(run: Run) -> Iterator[Held]:
    """Renew the run's lease until the block ends, and end the run where the block fails.

    A run that was cancelled or taken over ends the block within some seconds: the loops of the
    library ask.

    What a person can mend (LabelingError, MLError) fails the run with its code. A database that
    went away leaves the run as it is: the sweep hands it on when its lease has run out.
    """
    held = Held(run)
    stop = threading.Event()
    beat = threading.Thread(target=_renew_until, args=(held, stop), daemon=True)
    beat.start()
    try:
        with while_wanted(held.check, held.told):
            yield held
    except LostRunError as error:
        log.warning("Stopped: %s", error)
        let_go(run)
    except (LabelingError, MLError) as error:
        log.warning("Run %s failed: %s", run.pk, error)
        end_run(run, Run.State.FAILED, code=error.code, error=str(error))
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        message = f"An unexpected fault stopped the work: {error!r}. It is on the system page."
        end_run(run, Run.State.FAILED, code="internal_error", error=message)
        raise
    finally:
        stop.set()
        beat.join(timeout=10)


def _renew_until(held: Held, stop: threading.Event) -> None:
    try:
        while not stop.wait(settings.RUN_LEASE_SECONDS / SIGNS_A_LEASE):
            try:
                if not renew_lease(held.run):
                    held.lost.set()
                    return
            except (OperationalError, InterfaceError) as error:
                log.warning("No sign of life could be stored: %s", error)
                connection.close()
    finally:
        connection.close()
