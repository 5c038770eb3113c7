"""Live progress that a person can follow, on a terminal and in a log."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

LOG_EVERY_SECONDS = 5.0

Tell = Callable[[float, str], None]


class Screen:
    """Stages one below the other; the one under way shows a bar and how far it is."""

    def __init__(self) -> None:
        self.console = Console(highlight=False)
        self.seconds: dict[str, float] = {}
        self._kept: Path | None = None

    def keep_seconds(self, path: Path) -> None:
        """Add to what an interrupted demo spent, and keep the sum in ``path`` from here on."""
        earlier = json.loads(path.read_text()) if path.exists() else {}
        for key, seconds in earlier.items():
            self.seconds[key] = round(self.seconds.get(key, 0.0) + seconds, 1)
        self._kept = path

    def say(self, text: str) -> None:
        self.console.print(text)

    @contextmanager
    def stage(self, key: str, title: str) -> Iterator[Tell]:
        """Time a stage; the block is given ``tell(share done, what)``."""
        started = time.monotonic()
        show = self._bar if sys.stdout.isatty() else self._lines
        try:
            with show(title) as tell:
                yield tell
        finally:
            spent = time.monotonic() - started
            self.seconds[key] = round(self.seconds.get(key, 0.0) + spent, 1)
            if self._kept is not None:
                self._kept.write_text(json.dumps(self.seconds))
        self.console.print(f"  [green]done[/green] {title} ({spent:.0f} s)")

    @contextmanager
    def _bar(self, title: str) -> Iterator[Tell]:
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[what]}"),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=self.console, transient=True) as progress:
            task = progress.add_task(title, total=1.0, what="")

            def tell(share: float, what: str) -> None:
                progress.update(task, completed=share, what=what)

            yield tell

    @contextmanager
    def _lines(self, title: str) -> Iterator[Tell]:
        self.console.print(f"[bold]{title}[/bold]")
        last = [time.monotonic()]

        def tell(share: float, what: str) -> None:
            now = time.monotonic()
            if now - last[0] >= LOG_EVERY_SECONDS:
                last[0] = now
                self.console.print(f"  {share:4.0%} {what}")

        yield tell
