"""manage.py refit_skills"""

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from labeling.services.refitting import follow_up_refits, refit_skills


class Command(BaseCommand):
    help = """Fit all skills to all votes by EM, and judge every open glitch by them.

A worker does so once a day by itself; this does it now. Skills and their prior change at once for
all readers; without a new vote or gold label nothing changes. It may be stopped at any time:
before the change nothing has happened, after it the worker goes on with the open glitches.

Examples:
  manage.py refit_skills
  manage.py refit_skills && manage.py recompute_consensus   # and prove what is stored
"""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.formatter_class = RawDescriptionHelpFormatter

    def handle(self, *args: Any, **options: Any) -> None:
        made = refit_skills(timezone.now())
        if made is None:
            follow_up_refits()
            self.stdout.write(
                "Nothing to refit: no vote and no gold label since the last time, too few answers "
                "to learn from (10 volunteers, 200 answers), or a worker is at it."
            )
            return
        prior = made.prior
        self.stdout.write(
            f"{made.votes} votes, {made.iterations} iterations"
            f"{'' if made.converged else ', not converged'}. Of {prior.volunteers} volunteers a "
            f"newcomer knows {prior.accuracy:.0%}, answers {prior.habit:.0%} by habit; a row of "
            f"skill is worth {prior.answers_per_class:.1f} answers."
        )
