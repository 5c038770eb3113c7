"""manage.py find_label_issues"""

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from labeling import jobs
from labeling.errors import LabelingError
from labeling.models import LabelIssue
from labeling.models.runs import Run
from labeling.selectors.label_issues import open_issues
from labeling.services.label_issues import request_label_check


class Command(BaseCommand):
    help = """Search all labels for those that are probably wrong, and fill the reviewers' queue.

Every labeled glitch is predicted by classifiers that did not learn from it, over repeated splits;
what they speak against waits at /review/labels/ for an expert.

Examples:
  manage.py find_label_issues
  manage.py find_label_issues --repeats 5 --show 50
  manage.py find_label_issues --queue          (a worker does it)
"""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.add_argument("--repeats", type=int, default=3, help="splits to average over")
        parser.add_argument("--show", type=int, default=20, help="how many to list here")
        parser.add_argument("--queue", action="store_true", help="leave the work to a worker")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["repeats"] < 1:
            raise CommandError("--repeats must be 1 or more.")
        try:
            run = request_label_check(None, "asked for by hand", repeats=options["repeats"])
        except LabelingError as error:
            raise CommandError(f"{error} [{error.code}]") from error
        if options["queue"]:
            self.stdout.write(f"Label check {run.pk} is asked for; see /review/labels/.")
            return
        jobs.run_here(jobs.CHECK_LABELS, run_id=run.pk)
        run.refresh_from_db()
        if run.state == Run.State.RUNNING:
            raise CommandError(f"Label check {run.pk} is under way in {run.worker}.")
        if run.state != Run.State.SUCCEEDED:
            raise CommandError(f"{run.error} [{run.error_code}]")
        self.stdout.write(f"{run.judged} labels judged, {run.found} doubtful.")
        for issue in open_issues()[: options["show"]]:
            self.stdout.write(_line(issue))


def _line(issue: LabelIssue) -> str:
    return (
        f"{issue.glitch.gravityspy_id:12s} {issue.origin:9s} {issue.given_class.label} "
        f"({issue.given_probability:.2f}), perhaps {issue.suggested_class.label} "
        f"({issue.suggested_probability:.2f})"
    )
