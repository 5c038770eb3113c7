"""How a command follows long work to its end: progress in lines, and somebody who works on it."""

import contextlib
import re
import time
from collections.abc import Callable
from typing import TypeVar

from django.core.management.base import OutputWrapper

from labeling import jobs
from labeling.models.runs import Run
from labeling.selectors.broker import BROKER_DOWN
from labeling.services.runs import is_free

AnyRun = TypeVar("AnyRun", bound=Run)

POLL_SECONDS = 1.0
SEND_AGAIN_SECONDS = 30.0


class Lines:
    """Progress in lines, of which none repeats the one before; seen at once, also in a pipe."""

    def __init__(self, out: OutputWrapper) -> None:
        self._out = out
        self._said: tuple[str, ...] = ()

    def show(self, stage: str, progress: float) -> None:
        percent = f"{progress:4.0%}"
        news = percent, re.split("[:,]", stage)[0]  # not each glitch and second
        if news != self._said:
            self.say(f"{percent} {stage}")
            self._said = news

    def say(self, words: str) -> None:
        self._out.write(words)
        self._out.flush()


def follow(
    asked: AnyRun,
    task: str,
    out: OutputWrapper,
    *,
    here: bool,
    why_idle: Callable[[], str] = str,
) -> AnyRun:
    """Say how far the run is until it has ended, and give it back as it is then.

    While nobody works on it, this process does (``here``), or ``task`` is sent to the workers once
    more: its message may be on its way, or a worker that died may have taken it along. What
    ``why_idle`` knows of that is said too.
    """
    lines, told = Lines(out), ""
    send_at = time.monotonic() + (0.0 if here else SEND_AGAIN_SECONDS)
    while True:
        run = type(asked)._default_manager.get(pk=asked.pk)
        lines.show(run.stage or ("beginning" if here else "waiting for a worker"), run.progress)
        if run.state not in Run.LIVE:
            return run
        if time.monotonic() < send_at or not is_free(run):
            time.sleep(POLL_SECONDS)
        elif here:
            jobs.run_here(task, hear=lines.show, run_id=run.pk)
        else:
            with contextlib.suppress(*BROKER_DOWN):  # the sweep sends it once the broker is back
                jobs.send_now(task, run_id=run.pk)
            send_at = time.monotonic() + SEND_AGAIN_SECONDS
            why = why_idle()
            if why and why != told:
                lines.say(why)
            told = why
