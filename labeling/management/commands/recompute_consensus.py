"""manage.py recompute_consensus"""

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from labeling.services.recomputing import find_differences, refresh_all, unrecorded

SHOWN = 20


class Command(BaseCommand):
    help = """Compute every consensus again from the raw votes.

Each is computed as it was: by its votes, the skills and the prior that it names, and its rule.
The same numbers must come out; those that do not are listed, and the exit status says so.

Examples:
  manage.py recompute_consensus            # proves what is stored; writes nothing
  manage.py recompute_consensus --refresh  # open glitches by today's skills, priors and version
"""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.add_argument("--refresh", action="store_true", help="write, for open glitches")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["refresh"]:
            self.stdout.write(f"{refresh_all()} open glitches brought up to date.")
            return
        found = list(find_differences())
        for difference in found[:SHOWN]:
            self.stderr.write(f"{difference.gravityspy_id}: off by {difference.distance}")
        if found:
            raise CommandError(f"{len(found)} consensus rows do not follow from their votes.")
        self.stdout.write("Every consensus follows from its votes.")
        if older := unrecorded().count():
            self.stdout.write(
                f"{older} are older than the record of priors and skills and were left out; "
                "--refresh brings those of open glitches up to date."
            )
