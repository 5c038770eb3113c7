"""The peak memory of the demo: all of its processes together."""

import contextlib
import threading

import psutil

EVERY_SECONDS = 2.0
MEBIBYTE = 1024 * 1024


class PeakMemory:
    """Watches a process tree and servers beside it; shared pages are counted once (PSS)."""

    def __init__(self, extra_pids: list[int]) -> None:
        self.extra_pids = extra_pids
        self.peak_mb = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "PeakMemory":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(EVERY_SECONDS):
            self.peak_mb = max(self.peak_mb, self._now() / MEBIBYTE)

    def _now(self) -> float:
        total = 0
        for process in self._processes():
            with contextlib.suppress(psutil.Error, OSError):
                memory = process.memory_full_info()
                total += getattr(memory, "pss", None) or memory.rss
        return total

    def _processes(self) -> set[psutil.Process]:
        found: set[psutil.Process] = set()
        for root in [psutil.Process(), *self._extra()]:
            with contextlib.suppress(psutil.Error):
                found |= {root, *root.children(recursive=True)}
        return found

    def _extra(self) -> list[psutil.Process]:
        alive = []
        for pid in self.extra_pids:
            with contextlib.suppress(psutil.Error):
                alive.append(psutil.Process(pid))
        return alive
