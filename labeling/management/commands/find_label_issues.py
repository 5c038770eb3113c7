"""manage.py find_label_issues"""

import contextlib
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from labeling import jobs
from labeling.errors import LabelingError
from labeling.management.following import follow
from labeling.models import LabelCheck, LabelIssue
from labeling.models.runs import Run
from labeling.selectors.label_issues import live_label_check, open_issues
from labeling.services.cancelling import cancel_label_check
from labeling.services.label_issues import MOST_REPEATS, REPEATS, request_label_check


class Command(BaseCommand):
    help = """Search all labels for those that are probably wrong, and fill the reviewers' queue.

Every labeled glitch is predicted by classifiers that did not learn from it, over repeated splits;
what they speak against waits at /review/labels/ for an expert.

Examples:
  manage.py find_label_issues
  manage.py find_label_issues --repeats 5 --show 50
  manage.py find_label_issues --queue          (a worker does it, and nobody waits)
  manage.py find_label_issues --cancel         (the search under way; or Ctrl-C)
"""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.add_argument(
            "--repeats",
            type=int,
            help=f"splits to average over, up to {MOST_REPEATS}; left out: {REPEATS}",
        )
        parser.add_argument("--show", type=int, default=20, help="how many to list here")
        group = parser.add_mutually_exclusive_group()
        group.add_argument("--queue", action="store_true", help="leave the work to a worker")
        group.add_argument("--cancel", action="store_true", help="end the search under way")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["show"] < 0:
            raise CommandError("--show must be 0 or more.")
        try:
            if options["cancel"]:
                self._cancel(live_label_check())
                return
            run = request_label_check(None, "asked for by hand", repeats=options["repeats"])
        except LabelingError as error:
            raise CommandError(f"{error} [{error.code}]") from error
        if options["queue"]:
            self.stdout.write(f"Label check {run.pk} is asked for; see /review/labels/.")
            return
        self._search_here(run)
        for issue in open_issues()[: options["show"]]:
            self.stdout.write(_line(issue))

    def _cancel(self, run: LabelCheck | None) -> None:
        if run is None:
            raise CommandError("No label check is under way.")
        cancel_label_check(run.pk, by=None)
        self.stdout.write(f"Label check {run.pk} is cancelled.")

    def _search_here(self, run: LabelCheck) -> None:
        try:
            run = follow(run, jobs.CHECK_LABELS, self.stdout, here=True)
        except KeyboardInterrupt:
            # Otherwise a worker would take up what nobody waits for any more.
            if run.requested_by is None:
                with contextlib.suppress(LabelingError):
                    self._cancel(run)
            raise
        if run.state != Run.State.SUCCEEDED:
            why = f"{run.error} [{run.error_code}]" if run.error else f"It was {run.state}."
            raise CommandError(why)
        self.stdout.write(f"{run.judged} labels judged, {run.found} doubtful.")


def _line(issue: LabelIssue) -> str:
    return (
        f"{issue.glitch.gravityspy_id:12s} {issue.origin:9s} {issue.given_class.label} "
        f"({issue.given_probability:.2f}), perhaps {issue.suggested_class.label} "
        f"({issue.suggested_probability:.2f})"
    )
