"""How far a stage of long work is, from what its loops tell."""

import time
from collections.abc import Callable

from labeling.progress import time_left

APART_SECONDS = 1.0  # a page asks no more often than each two


class Steps:
    """One stage, which begins at the share ``progress`` of all the work and ends at ``until``."""

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
        left = time_left(each, of - done, "about")
        share = self.progress + (self.until - self.progress) * done / max(of, 1)
        return f"{self.stage}: {what} {done} of {of}{left}", share
