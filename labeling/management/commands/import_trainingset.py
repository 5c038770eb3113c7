"""manage.py import_trainingset"""

import csv
import time
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from labeling.errors import UnavailableError
from labeling.models import GlitchClass, GoldLabel
from labeling.progress import time_left
from labeling.selectors.classes import near_label
from labeling.selectors.gold_test import gold_test
from labeling.services.bulk_imports import ImportReport, import_missing_glitches
from labeling.services.imports import NewGlitch
from labeling.services.training_sets import learned_now
from ml.errors import MLError
from ml.pictures import DURATIONS
from ml.published import PublishedGlitch, read_published

EVERY = 100
SHOWN = 10  # faults of one kind
DIGITS = 16  # of a digest


class Command(BaseCommand):
    help = """Import Gravity Spy's published training set with its labels and its split.

SOURCE is the folder <label>/<train|validation|test>/<ifo>_<id>_spectrogram_<duration>.png, the
HDF5 file of the same set, or, with --metadata, any folder of those pictures. Every glitch becomes
gold in the published split. A run that was stopped goes on when it is started again; with the table
it fills times, frequencies and SNR of what was imported without. What is bad, or contradicts what
is stored, is listed and left out whole; then the exit status is 1. Of each kind of fault the first
ten are shown; --left-out writes all of them to a table.

Examples:
  manage.py import_trainingset TrainingSet/
  manage.py import_trainingset TrainingSet/ --metadata trainingset_v1d1_metadata.csv --dry-run
  manage.py import_trainingset trainingsetv1d1.h5 --metadata trainingset_v1d1_metadata.csv
  manage.py import_trainingset TrainingSet/ --left-out left-out.csv
"""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.add_argument("source", type=Path, help="folder or HDF5 file")
        parser.add_argument("--metadata", type=Path, help="the set's own table (CSV)")
        parser.add_argument("--left-out", type=Path, metavar="CSV", help="write all faults there")
        parser.add_argument("--dry-run", action="store_true", help="check all, store nothing")
        parser.add_argument(
            "--simulated", action="store_true", help="mark the glitches as simulated"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not GlitchClass.objects.exists():
            raise CommandError("There are no glitch classes yet; run manage.py load_classes first.")
        try:
            glitches, faults = read_published(options["source"], options["metadata"])
        except MLError as error:
            raise CommandError(f"{error} [{error.code}]") from error
        report = ImportReport(bad=[(f.name, f.code, f.message) for f in faults])
        if options["left_out"]:
            _write_table(options["left_out"], report)  # what cannot be written is told at once
        self._describe(glitches)
        makers = [partial(_read, glitch, options["simulated"]) for glitch in glitches]
        ticks = import_missing_glitches(makers, by=None, report=report, dry_run=options["dry_run"])
        try:
            self._watch(ticks, report, len(makers))
        except UnavailableError as error:
            raise CommandError(f"{error} [{error.code}]") from error
        if options["left_out"]:
            _write_table(options["left_out"], report)
        if not options["dry_run"]:
            self._say_what_is_there()
        self._conclude(report, dry_run=options["dry_run"])

    def _watch(self, ticks: Iterator[None], report: ImportReport, glitches: int) -> None:
        started = time.monotonic()
        for number, _ in enumerate(ticks, start=1):
            if number % EVERY == 0:
                left = time_left((time.monotonic() - started) / number, glitches - number)
                self.stdout.write(f"{number} of {glitches}, {len(report.bad)} bad{left}")
                self.stdout.flush()

    def _describe(self, glitches: list[PublishedGlitch]) -> None:
        splits = Counter(glitch.split for glitch in glitches)
        said = ", ".join(f"{split} {splits[split]}" for split in GoldLabel.Split.values)
        short = sum(len(glitch.pictures) < len(DURATIONS) for glitch in glitches)
        labels = Counter(glitch.label for glitch in glitches)
        self.stdout.write(
            f"{len(glitches)} glitches of {len(labels)} classes found ({said}); {short} of them "
            "lack one of the four durations."
        )
        in_use = GlitchClass.objects.filter(valid_to__isnull=True)
        unknown = sorted(set(labels) - set(in_use.values_list("label", flat=True)))
        if unknown:
            left_out = sum(labels[label] for label in unknown)
            self.stdout.write(f"{left_out} of them will be left out: {_advice(unknown)}")
        self.stdout.flush()

    def _say_what_is_there(self) -> None:
        """With digests, by which two figures are known to be of the same glitches."""
        learned, digest = learned_now()
        test = gold_test()
        self.stdout.write(
            f"Trainings learn from {learned} glitches now ({digest[:DIGITS]}) and are tested on "
            f"{len(test.glitch_ids)} ({test.digest[:DIGITS]})."
        )

    def _conclude(self, report: ImportReport, *, dry_run: bool) -> None:
        done = "would be imported" if dry_run else "imported"
        completed = f"{report.completed} completed, " if report.completed else ""
        self.stdout.write(
            f"{report.imported} {done}, {completed}{report.unchanged} there already, "
            f"{len(report.bad)} bad."
        )
        self.stdout.flush()
        seen: Counter[str] = Counter()
        for name, code, message in report.bad:
            seen[code] += 1
            if seen[code] <= SHOWN:
                self.stderr.write(f"{name}: {message} [{code}]")
        for code, count in seen.items():
            if count > SHOWN:
                self.stderr.write(f"and {count - SHOWN} more [{code}]; --left-out lists them all.")
        if report.bad:
            raise SystemExit(1)


def _advice(unknown: list[str]) -> str:
    """What to do about labels of no class: one that is misspelt would make a bogus class."""
    near = {label: near_label(label) for label in unknown}
    words = [f"{label!r} is no class, did you mean {one}?" for label, one in near.items() if one]
    absent = [label for label, one in near.items() if one is None]
    if absent:
        also = " ".join(absent)
        named = ", ".join(map(repr, absent))
        words.append(f"{named}: not loaded; manage.py load_classes --also {also} does it.")
    return " ".join(words)


def _write_table(path: Path, report: ImportReport) -> None:
    """All faults, a row each. CommandError where the file cannot be written."""
    try:
        with path.open("w", newline="") as file:
            csv.writer(file).writerows([("name", "code", "message"), *report.bad])
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror}. [bad_path]") from error


def _read(glitch: PublishedGlitch, simulated: bool) -> NewGlitch:
    return NewGlitch(
        gravityspy_id=glitch.gravityspy_id,
        ifo=glitch.ifo,
        pictures={duration: read() for duration, read in glitch.pictures.items()},
        event_time=glitch.event_time,
        peak_frequency=glitch.peak_frequency,
        snr=glitch.snr,
        gold_label=glitch.label,
        gold_split=GoldLabel.Split(glitch.split),
        is_simulated=simulated,
    )
