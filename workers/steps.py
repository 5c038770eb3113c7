"""How far a stage of long work is, from what its loops tell."""

import time
from collections.abc import Callable

from labeling.progress import time_left

APART_SECONDS = 2.0  # a page asks no more often


class Steps:
    """One stage, which begins at the share ``progress`` of all the work and ends at ``until``.

    ``lasting``: what is done stays done where the worker dies, as what is read is in the cache.
    """

    lasting = True

    def __init__(
        self,
        stage: str,
        progress: float,
        until: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.stage = stage
        self.progress = progress
        self.until = until
        self._clock = clock
        self._pass: tuple[str, int] | None = None
        self._begun = self._shown = 0.0
        self._first = 0

    def told(self, what: str, done: int, of: int) -> tuple[str, float] | None:
        """Words for people and the share of all the work; None where the last ones are still good.

        ``what`` was done to ``done`` of ``of``. Another ``what`` or ``of`` is another pass, whose
        time is measured anew.
        """
        now = self._clock()
        if (what, of) != self._pass:
            self._pass, self._begun, self._first = (what, of), now, done
        elif now - self._shown < APART_SECONDS:
            return None
        self._shown = now
        each = (now - self._begun) / (done - self._first) if done > self._first else None
        left = self._time_left(each, done, of)
        share = self.progress + (self.until - self.progress) * done / max(of, 1)
        return f"{self.stage}: {what} {done} of {of}{left}", share

    def _time_left(self, each: float | None, done: int, of: int) -> str:
        return time_left(each, of - done, "about")


class EpochSteps(Steps):
    """One epoch, of which a worker that dies leaves nothing; ``following`` epochs come after it.

    They take ``seconds`` each, where that is known, else as long as this one seems to take.
    """

    lasting = False

    def __init__(
        self,
        stage: str,
        progress: float,
        until: float,
        following: int,
        seconds: float | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(stage, progress, until, clock)
        self._following = following
        self._seconds = seconds

    def _time_left(self, each: float | None, done: int, of: int) -> str:
        """Of all epochs, at most: the training may stop early."""
        epoch = each * of if each is not None else None
        whole = self._seconds if self._seconds is not None else epoch
        if whole is None:
            return ""
        here = (epoch if epoch is not None else whole) * (of - done) / max(of, 1)
        return time_left(here + self._following * whole, int(done < of or self._following > 0))
