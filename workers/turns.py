"""Turns: long predictions make room for those who wait behind them."""

import time

from labeling import jobs
from labeling.celery import app
from labeling.models import Look
from labeling.models.runs import Run

TURN_SECONDS = 60.0


class Turn:
    """A worker's time for one message; what is left after it goes behind those that wait.

    It ends after a minute and, on a worker that people wait for too, as soon as one does.
    """

    def __init__(self) -> None:
        self._until = time.monotonic() + TURN_SECONDS
        self.was_cut = False

    def is_over(self) -> bool:
        """To be asked after each piece of work that is done; once over, a turn stays it."""
        self.was_cut = self.was_cut or time.monotonic() >= self._until or _somebody_waits()
        return self.was_cut


def _somebody_waits() -> bool:
    """Whether there is a look to be taken that is for this worker."""
    if jobs.QUEUES[jobs.LOOK] not in app.amqp.queues.consume_from:
        return False
    return Look.objects.filter(state=Run.State.REQUESTED).exists()
