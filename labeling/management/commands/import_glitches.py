"""manage.py import_glitches"""

import csv
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from labeling.errors import LabelingError, UnavailableError
from labeling.services.bulk_imports import FolderEntry, ImportReport, import_glitches, scan_folder
from labeling.services.imports import NewGlitch


class Command(BaseCommand):
    help = """Import the glitches whose pictures lie in a folder (and below it).

Pictures are named {ifo}_{id}_spectrogram_{0.5|1.0|2.0|4.0}.png. Importing the same folder again
adds nothing. What is bad is listed and left out whole; then the exit status is 1.

Examples:
  manage.py import_glitches pictures/
  manage.py import_glitches pictures/ --gold gold.csv --metadata metadata.csv
  manage.py import_glitches pictures/ --only ids.txt --labels-from-folders

--gold        CSV with the columns gravityspy_id,label
--metadata    CSV with gravityspy_id and any of event_time,peak_frequency,snr,simulated
--only        text file, one gravityspy_id a line
"""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.add_argument("folder", type=Path)
        parser.add_argument("--gold", type=Path)
        parser.add_argument("--metadata", type=Path)
        parser.add_argument("--only", type=Path)
        parser.add_argument("--labels-from-folders", action="store_true")
        parser.add_argument(
            "--reserve", action="store_true", help="keep them for evaluation: no votes, no training"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        report = ImportReport()
        try:
            entries = scan_folder(options["folder"], report)
        except LabelingError as error:
            raise CommandError(f"{error} [{error.code}]") from error
        gold = {row["gravityspy_id"]: row["label"] for row in _rows(options["gold"], "label")}
        metadata = {row["gravityspy_id"]: row for row in _rows(options["metadata"])}
        if options["only"]:
            only = set(_text(options["only"]).split())
            entries = [entry for entry in entries if entry.gravityspy_id in only]
        makers = [
            partial(_read, entry, gold, metadata.get(entry.gravityspy_id, {}), options)
            for entry in entries
        ]
        try:
            for number, _ in enumerate(import_glitches(makers, by=None, report=report), start=1):
                if number % 50 == 0:
                    self.stdout.write(f"{number} of {len(makers)}")
        except UnavailableError as error:
            raise CommandError(f"{error} [{error.code}]") from error
        self.stdout.write(
            f"{report.imported} imported, {report.unchanged} there already, {len(report.bad)} bad."
        )
        for name, code, message in report.bad:
            self.stderr.write(f"{name}: {message} [{code}]")
        if report.bad:
            raise SystemExit(1)


def _read(
    entry: FolderEntry, gold: Mapping[str, str], row: Mapping[str, str], options: Mapping[str, Any]
) -> NewGlitch:
    label = gold.get(entry.gravityspy_id)
    if options["labels_from_folders"]:
        label = label or next(iter(entry.files.values())).parent.name
    return NewGlitch(
        gravityspy_id=entry.gravityspy_id,
        ifo=entry.ifo,
        pictures={duration: path.read_bytes() for duration, path in entry.files.items()},
        event_time=_number(row, "event_time") or _gps_of(entry.gravityspy_id),
        peak_frequency=_number(row, "peak_frequency"),
        snr=_number(row, "snr"),
        gold_label=label,
        is_simulated=row.get("simulated") in {"1", "true", "True"},
        is_reserved=options["reserve"],
    )


def _gps_of(gravityspy_id: str) -> float | None:
    """O3 files carry the GPS time as their id."""
    return float(gravityspy_id) if "." in gravityspy_id else None


def _number(row: Mapping[str, str], column: str) -> float | None:
    text = row.get(column) or ""
    if not text:
        return None
    try:
        return float(text)
    except ValueError:
        raise LabelingError(
            f"{row['gravityspy_id']}: {column} is {text!r}, not a number; mend the metadata file.",
            code="bad_metadata",
        ) from None


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{path} cannot be read: {error}") from error


def _rows(path: Path | None, *columns: str) -> list[dict[str, str]]:
    """The rows of a CSV that has gravityspy_id and the columns named."""
    if path is None:
        return []
    rows = list(csv.DictReader(_text(path).splitlines()))
    wanted = {"gravityspy_id", *columns}
    if rows and not wanted <= set(rows[0]):
        raise CommandError(f"{path} lacks the column {', '.join(sorted(wanted - set(rows[0])))}.")
    return rows
