"""manage.py activate"""

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from labeling.errors import LabelingError
from labeling.models import ModelVersion
from labeling.selectors.versions import active_version
from labeling.services.versions import activate_version, roll_back


class Command(BaseCommand):
    help = """Put a model version into use, or go back to the one before: as on its page.

The one in use again changes nothing. Each step stands in the audit log.

Examples:
  manage.py activate 3 --reason "2 misses Whistles"
  manage.py activate --back
  manage.py activate --role embedding 1
"""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.formatter_class = RawDescriptionHelpFormatter
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("number", type=int, nargs="?", metavar="NUMBER")
        which.add_argument(
            "--back", action="store_true", help="the version that was in use before the present one"
        )
        parser.add_argument(
            "--role", choices=ModelVersion.Role.values, default=ModelVersion.Role.CLASSIFIER.value
        )
        parser.add_argument("--reason", default="on the command line")

    def handle(self, *args: Any, **options: Any) -> None:
        role, reason = options["role"], options["reason"]
        try:
            if options["back"]:
                version = roll_back(role, instead_of=_in_use(role), by=None, reason=reason)
            else:
                version = activate_version(role, options["number"], by=None, reason=reason)
        except LabelingError as refusal:
            raise CommandError(f"{refusal} [{refusal.code}]") from refusal
        self.stdout.write(f"{version} is in use.")


def _in_use(role: str) -> int:
    active = active_version(role)
    if active is None:
        raise CommandError(f"No {role} is in use: there is nothing to go back from.")
    return active.number
