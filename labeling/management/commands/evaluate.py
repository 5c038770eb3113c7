"""manage.py evaluate"""

import json
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from labeling import jobs
from labeling.errors import LabelingError
from labeling.management.following import follow
from labeling.models import Evaluation, EvaluationRun, ModelVersion
from labeling.selectors.evaluations import live_evaluation
from labeling.selectors.versions import active_version, find_version
from labeling.services.cancelling import cancel_evaluation
from labeling.services.evaluations import request_evaluation
from labeling.services.judging import evaluate_version

ROLE = ModelVersion.Role.CLASSIFIER


class Command(BaseCommand):
    help = """Judge a classifier on the gold test set, which no training ever sees.

Prints the tables of the papers (top-1 to top-5; precision and recall by class) and stores all
figures for the review pages. The version's predictions must be there: if some are missing, a worker
is asked for them, and the command says so; with --here this process makes them.

Examples:
  manage.py evaluate                              the version in use
  manage.py evaluate --version 3 --against 2      and whether 3 differs from 2 by more than chance
  manage.py evaluate --in-time                    only on what came later than all training
  manage.py evaluate --here                       without a worker; Ctrl-C ends it
  manage.py evaluate --version 3 --cancel         what a worker was asked for so
  manage.py evaluate --json figures.json --csv tables/
"""

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        # --version is Django's own option in every command: it would print Django's version.
        return super().create_parser(prog_name, subcommand, conflict_handler="resolve", **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.add_argument("--version", type=int, metavar="N", dest="number")
        parser.add_argument("--against", type=int, metavar="M")
        parser.add_argument(
            "--in-time",
            action="store_true",
            help="judge on the test glitches that came later than all training",
        )
        group = parser.add_mutually_exclusive_group()
        group.add_argument(
            "--here", action="store_true", help="predict what is missing in this process"
        )
        group.add_argument(
            "--cancel", action="store_true", help="end this evaluation, where a worker was asked"
        )
        parser.add_argument(
            "--readable",
            action="store_true",
            help="leave out what has no prediction because its pictures cannot be read",
        )
        parser.add_argument("--json", type=Path, metavar="FILE", help="all figures")
        parser.add_argument("--csv", type=Path, metavar="FOLDER", help="one file a table")

    def handle(self, *args: Any, **options: Any) -> None:
        from ml.vision.judging.tables import as_text, tables, write_csv

        number, against = self._numbers(options)
        _check_room(options)
        try:
            if options["cancel"]:
                self._cancel(_live(number, against, in_time=options["in_time"]))
                return
            found = self._evaluate(number, against, options)
        except LabelingError as error:
            raise CommandError(f"{error} [{error.code}]") from error
        named = {f"{ROLE} {n}": evaluation.figures for n, evaluation in found.items()}
        comparison = found[number].comparison
        made = tables(named, comparison)
        for name in ("top", "per_class", "overall"):
            self.stdout.write(as_text(made[name]) + "\n")
        if comparison:
            self.stdout.write(comparison["words"])
        with _writing():
            if options["json"]:
                everything = {"versions": named, "comparison": comparison}
                options["json"].write_text(json.dumps(everything, indent=1) + "\n")
            if options["csv"]:
                paths = write_csv(made, options["csv"])
                self.stdout.write(f"{len(paths)} tables in {options['csv']}")

    def _numbers(self, options: dict[str, Any]) -> tuple[int, int | None]:
        if options["number"] is not None:
            return options["number"], options["against"]
        active = active_version(ROLE)
        if active is None:
            raise CommandError("No classifier is in use; name one with --version, or train one.")
        return active.number, options["against"]

    def _evaluate(
        self, number: int, against: int | None, options: dict[str, Any]
    ) -> dict[int, Evaluation]:
        """Figures of the version, and of the one it is compared with, by number."""
        version = find_version(ROLE, number)
        other = find_version(ROLE, against) if against is not None else None
        if version == other:
            raise CommandError("A version cannot be compared with itself.")
        try:
            return _judged(version, other, options)
        except LabelingError as error:
            if error.code != "not_predicted":
                raise
            if not options["here"]:
                request_evaluation(number, against=against, by=None, in_time=options["in_time"])
                raise CommandError(
                    f"{error} It has been asked for: run this again then; what cannot be read is "
                    "left out with --readable."
                ) from error
        self._judge_here(
            request_evaluation(number, against=against, by=None, in_time=options["in_time"])
        )
        try:
            return _judged(version, other, options)
        except LabelingError as error:
            if error.code != "not_predicted":
                raise
            raise CommandError(
                f"The pictures of {error.data['missing']} gold test glitches cannot be read by "
                "all that is judged; leave them out with --readable."
            ) from error

    def _judge_here(self, run: EvaluationRun) -> None:
        """As a worker does, turn after turn; what cannot be read is left."""
        try:
            run = follow(run, jobs.EVALUATE, self.stdout, here=True)
        except KeyboardInterrupt:
            # Otherwise a worker would take up what nobody waits for any more.
            if run.requested_by is None:
                with suppress(LabelingError):
                    self._cancel(run)
            raise
        if run.state != EvaluationRun.State.SUCCEEDED:
            why = f"{run.error} [{run.error_code}]" if run.error else f"It was {run.state}."
            raise CommandError(why)

    def _cancel(self, run: EvaluationRun | None) -> None:
        if run is None:
            raise CommandError("No such evaluation is under way.")
        cancel_evaluation(run.pk, by=None)
        self.stdout.write(f"Evaluation run {run.pk} is cancelled.")


@contextmanager
def _writing() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CommandError(f"The figures cannot be written: {error}") from error


def _check_room(options: dict[str, Any]) -> None:
    """That what is asked for can be written is known before minutes of judging."""
    with _writing():
        if options["csv"]:
            options["csv"].mkdir(parents=True, exist_ok=True)
            TemporaryFile(dir=options["csv"]).close()
        if options["json"] and options["json"].exists():
            options["json"].open("a").close()
        elif options["json"]:
            TemporaryFile(dir=options["json"].parent).close()


def _live(number: int, against: int | None, *, in_time: bool) -> EvaluationRun | None:
    other = find_version(ROLE, against) if against is not None else None
    return live_evaluation(find_version(ROLE, number), other, in_time=in_time)


def _judged(
    version: ModelVersion, other: ModelVersion | None, options: dict[str, Any]
) -> dict[int, Evaluation]:
    whole, in_time = not options["readable"], options["in_time"]
    found = {version.number: evaluate_version(version, other, whole=whole, in_time=in_time)}
    if other is not None:
        # Figures stand beside each other: in time, both are of what came later than the training of
        # either, and what one cannot read is left out for both.
        beside = version if in_time or not whole else None
        found[other.number] = evaluate_version(other, beside, whole=whole, in_time=in_time)
    return found
