"""manage.py import_trainingset"""

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from labeling.models import GlitchClass, GoldLabel
from labeling.services.bulk_imports import ImportReport, import_missing_glitches
from labeling.services.imports import NewGlitch
from ml.errors import MLError
from ml.pictures import DURATIONS
from ml.published import PublishedGlitch, read_published

EVERY = 100


class Command(BaseCommand):
    help = """Import Gravity Spy's published training set with its labels and its split.

SOURCE is the folder <label>/<train|validation|test>/<ifo>_<id>_spectrogram_<duration>.png, the
HDF5 file of the same set, or, with --metadata, any folder of those pictures. Every glitch becomes
gold in the published split. A run that was stopped goes on when it is started again. What is bad
is listed and left out whole; then the exit status is 1.

Examples:
  manage.py import_trainingset TrainingSet/
  manage.py import_trainingset TrainingSet/ --metadata trainingset_v1d1_metadata.csv --dry-run
  manage.py import_trainingset trainingsetv1d1.h5 --metadata trainingset_v1d1_metadata.csv
"""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.add_argument("source", type=Path, help="folder or HDF5 file")
        parser.add_argument("--metadata", type=Path, help="the set's own table (CSV)")
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
        self._describe(glitches)
        makers = [partial(_read, glitch, options["simulated"]) for glitch in glitches]
        ticks = import_missing_glitches(makers, by=None, report=report, dry_run=options["dry_run"])
        for number, _ in enumerate(ticks, start=1):
            if number % EVERY == 0:
                self.stdout.write(f"{number} of {len(makers)}, {len(report.bad)} bad")
        self._conclude(report, dry_run=options["dry_run"])

    def _describe(self, glitches: list[PublishedGlitch]) -> None:
        splits = Counter(glitch.split for glitch in glitches)
        said = ", ".join(f"{split} {splits[split]}" for split in GoldLabel.Split.values)
        short = sum(len(glitch.pictures) < len(DURATIONS) for glitch in glitches)
        labels = len({glitch.label for glitch in glitches})
        self.stdout.write(
            f"{len(glitches)} glitches of {labels} classes found ({said}); {short} of them lack "
            "one of the four durations."
        )

    def _conclude(self, report: ImportReport, *, dry_run: bool) -> None:
        done = "would be imported" if dry_run else "imported"
        self.stdout.write(
            f"{report.imported} {done}, {report.unchanged} there already, {len(report.bad)} bad."
        )
        for name, code, message in report.bad:
            self.stderr.write(f"{name}: {message} [{code}]")
        if report.bad:
            raise SystemExit(1)


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
