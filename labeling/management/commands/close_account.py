"""manage.py close_account"""

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from labeling.errors import LabelingError
from labeling.models import User
from labeling.services.closing import close_account


class Command(BaseCommand):
    help = """Close an account for good: what its owner can do on the page of the account.

Name, e-mail, password, tokens and collections are erased; votes and comments stay without the
name. It cannot be undone, so the name must be given twice.

Example:
  manage.py close_account ada --confirm ada
"""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.add_argument("username", metavar="NAME")
        parser.add_argument("--confirm", metavar="NAME", help="the same name again")

    def handle(self, *args: Any, **options: Any) -> None:
        name = options["username"]
        if options["confirm"] != name:
            raise CommandError(f"Nothing was closed. Add --confirm {name} to close it for good.")
        user = User.objects.filter(username=name).first()
        if user is None:
            raise CommandError(f"There is no account {name!r}; names mind capitals.")
        try:
            pseudonym = close_account(user)
        except LabelingError as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"Closed. Its votes are kept as those of {pseudonym}.")
