"""How far a stage of long work is, from what its loops tell."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from labeling.progress import time_left

APART_SECONDS = 2.0  # a page asks no more often


@dataclass(frozen=True)
class Pace:
    """``first`` was done at the time ``begun``."""

    begun: float
    first: float

    def each(self, now: float, done: float) -> float | None:
        """Seconds that one takes; None before there is another."""
        return (now - self.begun) / (done - self.first) if done > self.first else None


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
        self._pace: Pace | None = None
        self._last = ("", 0, 0)
        self._shown = -math.inf

    def told(self, what: str, done: int, of: int, share: float) -> tuple[str, float] | None:
        """Words for people and the share of all the work; None where the last ones are still good.

        ``what`` was done to ``done`` of ``of``; then ``share`` of the stage is done.
        """
        now = self._clock()
        left = self._time_left(now, (what, of, done), share)
        if now - self._shown < APART_SECONDS:
            return None
        self._shown = now
        words = f"{self.stage}: {what} {done} of {of}{left}"
        return words, self.progress + (self.until - self.progress) * share

    def _time_left(self, now: float, step: tuple[str, int, int], share: float) -> str:
        """Of this pass: what follows in the stage may be of another kind.

        Another ``what`` or ``of``, or a return to the beginning, is another pass.
        """
        what, of, done = step
        last, self._last = self._last, step
        if self._pace is None or last[:2] != (what, of) or done < last[2]:
            self._pace = Pace(now, done)
        return time_left(self._pace.each(now, done), of - done, "about")


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

    def _time_left(self, now: float, step: tuple[str, int, int], share: float) -> str:
        """Of all epochs, at most: the training may stop early."""
        if self._pace is None:
            self._pace = Pace(now, share)
        epoch = self._pace.each(now, share)
        whole = self._seconds if self._seconds is not None else epoch
        if whole is None:
            return ""
        here = (epoch if epoch is not None else whole) * (1 - share)
        return time_left(here + self._following * whole, int(share < 1 or self._following > 0))
