"""A folder of simulated glitches as a team would have it: pictures by class, and one table.

A glitch is drawn from (seed, class, number) alone: neither the other counts, nor the order, nor the
number of processes change it. Its row is added to the table only after its four pictures are in
place, so that a run killed at any moment goes on where it stopped.
"""

import csv
import io
import json
import os
import string
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np

from ml.errors import MLError
from ml.pictures import DURATIONS
from ml.strain.counts import PLANTED
from ml.strain.pool import run_in_processes
from ml.strain.render import RUN, render_glitch
from ml.strain.simulate import check_label, simulate_glitch

VERSION = 1  # raise it whenever the same seed would give other pictures

FIRST_DAY = 1_242_442_818.0  # GPS, in the third observing run
SPAN = 8 * 7 * 86_400.0  # seconds; the planted classes occur only in the second half
METADATA = "metadata.csv"
ORIGIN = "dataset.json"


class DatasetError(MLError):
    """A set that cannot be made as asked: ``bad_count``, ``not_a_folder`` or ``other_dataset``."""

    code = "dataset_error"


@dataclass(frozen=True)
class Row:
    """One line of the table; the names are those of Gravity Spy's files."""

    gravityspy_id: str
    ifo: str
    event_time: str  # GPS seconds with nine decimals: a float would lose the last two
    snr: float  # of the loudest tile
    peak_frequency: float  # Hz, of the loudest tile
    label: str
    simulated: int = 1


@dataclass(frozen=True)
class Recipe:
    """Which glitch to make: everything known of it before it is simulated."""

    label: str
    gravityspy_id: str
    ifo: str
    event_time: str
    entropy: tuple[int, ...]

    def pictures(self, folder: Path) -> dict[float, Path]:
        """Where its four pictures go, by duration."""
        stem = f"{self.ifo}_{self.gravityspy_id}_spectrogram"
        return {seconds: folder / self.label / f"{stem}_{seconds}.png" for seconds in DURATIONS}


@dataclass(frozen=True)
class DatasetReport:
    """What a run did: ``made`` glitches now, ``kept`` from earlier runs, listed in ``table``."""

    folder: Path
    table: Path
    made: int
    kept: int
    counts: dict[str, int]


def simulate_dataset(
    folder: Path,
    counts: Mapping[str, int],
    *,
    seed: int,
    processes: int = 2,
    run: str = RUN,
    on_progress: Callable[[int, int], None] | None = None,
) -> DatasetReport:
    """Fill ``folder`` with ``counts`` glitches of each class; ``on_progress`` gets (done, all).

    ``run``: whose pictures they look like (:func:`ml.strain.render.render_glitch`).
    Idempotent: glitches that are complete there are kept. Raises :class:`UnknownClassError` and
    :class:`DatasetError`, before anything is written.
    """
    _check_counts(counts)
    _claim(folder, seed, run)
    recipes = [
        make_recipe(label, number, seed) for label in counts for number in range(counts[label])
    ]
    for part in folder.rglob(".*.part"):  # what a killed run was writing
        part.unlink()
    rows = {row.gravityspy_id: row for row in _read_rows(folder)}
    missing = [recipe for recipe in recipes if not _is_complete(recipe, folder, rows)]
    # Classes come mixed, so that a table cut short still holds some of each.
    missing.sort(key=lambda recipe: recipe.gravityspy_id)
    done = len(recipes) - len(missing)
    _write_rows(folder, rows.values())
    with (folder / METADATA).open("a", newline="") as table:
        writer = csv.writer(table)
        for row in run_in_processes(make_glitch, [(r, folder, run) for r in missing], processes):
            rows[row.gravityspy_id] = row
            writer.writerow(asdict(row).values())
            table.flush()
            done += 1
            if on_progress is not None:
                on_progress(done, len(recipes))
    _write_rows(folder, rows.values())
    made = len(missing)
    return DatasetReport(folder, folder / METADATA, made, len(recipes) - made, dict(counts))


def make_recipe(label: str, number: int, seed: int) -> Recipe:
    """The ``number``-th glitch of a class under ``seed``."""
    entropy = (seed, zlib.crc32(label.encode()), number)
    rng = np.random.default_rng((*entropy, 0))
    letters = string.ascii_letters + string.digits
    gravityspy_id = "".join(letters[i] for i in rng.integers(0, len(letters), 10))
    ifo = "H1" if rng.random() < 0.4 else "L1"  # Livingston saw more glitches in that run
    share = rng.uniform(0.5, 1.0) if label in PLANTED else rng.uniform(0.0, 1.0)
    seconds, nanoseconds = divmod(round((FIRST_DAY + SPAN * share) * 1e9), 10**9)
    return Recipe(label, gravityspy_id, ifo, f"{seconds}.{nanoseconds:09d}", (*entropy, 1))


def make_glitch(recipe: Recipe, folder: Path, run: str = RUN) -> Row:
    """Simulate one glitch and write its four pictures, each whole or not at all."""
    gram = simulate_glitch(recipe.label, np.random.SeedSequence(recipe.entropy))
    paths = recipe.pictures(folder)
    for duration, data in render_glitch(gram, recipe.ifo, run).items():
        path = paths[duration]
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, data)
    return Row(
        recipe.gravityspy_id,
        recipe.ifo,
        recipe.event_time,
        round(gram.snr, 3),
        round(gram.peak_frequency, 3),
        recipe.label,
    )


def _check_counts(counts: Mapping[str, int]) -> None:
    for label, count in counts.items():
        check_label(label)
        if count < 0:
            raise DatasetError(
                f"{count} glitches of {label} were asked for; give 0 or more.",
                code="bad_count",
                label=label,
            )


def _claim(folder: Path, seed: int, run: str) -> None:
    """Make ``folder`` this seed's own, or refuse one that holds another set."""
    if folder.exists() and not folder.is_dir():
        raise DatasetError(f"{folder} is a file; name a folder.", code="not_a_folder")
    folder.mkdir(parents=True, exist_ok=True)
    facts = {"seed": seed, "version": VERSION} | ({} if run == RUN else {"run": run})
    ours = json.dumps(facts)
    origin = folder / ORIGIN
    if not origin.exists():
        _replace(origin, ours.encode())
    elif (theirs := origin.read_text(errors="replace")) != ours:
        raise DatasetError(
            f"{folder} holds the set {theirs[:80]}, not {ours}; delete it or name another folder.",
            code="other_dataset",
        )


def _is_complete(recipe: Recipe, folder: Path, rows: Mapping[str, Row]) -> bool:
    return recipe.gravityspy_id in rows and all(
        path.is_file() for path in recipe.pictures(folder).values()
    )


def _read_rows(folder: Path) -> Iterator[Row]:
    """The rows that are whole: a killed run may have left half a line at the end."""
    path = folder / METADATA
    if not path.exists():
        return
    with path.open(newline="") as table:
        for line in csv.DictReader(table):
            if line.get("simulated") == "1":
                yield Row(
                    line["gravityspy_id"],
                    line["ifo"],
                    line["event_time"],
                    float(line["snr"]),
                    float(line["peak_frequency"]),
                    line["label"],
                )


def _write_rows(folder: Path, rows: Iterable[Row]) -> None:
    """The whole table anew, in order of time."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(field.name for field in fields(Row))
    ordered = sorted(rows, key=lambda row: (row.event_time, row.gravityspy_id))
    writer.writerows(asdict(row).values() for row in ordered)
    _replace(folder / METADATA, text.getvalue().encode())


def _replace(path: Path, data: bytes) -> None:
    """Write all of a file or nothing, also when killed."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    part.write_bytes(data)
    part.replace(path)
