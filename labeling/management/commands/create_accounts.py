"""manage.py create_accounts"""

import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from labeling.models import User
from labeling.services.accounts import AccountRequest, create_accounts


class Command(BaseCommand):
    help = """Create accounts of one role; those that exist are left as they are.

The password is read from standard input, never from the command line, where others could see it.

Examples:
  echo "$PASSWORD" | manage.py create_accounts ada ben --role reviewer
  echo "$PASSWORD" | manage.py create_accounts sim-1 sim-2 --simulated --level 6 1

--level takes one number for all, or one for each name.
"""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.add_argument("usernames", nargs="+", metavar="NAME")
        parser.add_argument("--role", choices=User.Role.values, default=User.Role.VOLUNTEER)
        parser.add_argument("--level", type=int, nargs="+", default=[1])
        parser.add_argument("--simulated", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        password = sys.stdin.readline().rstrip("\n")
        if not password:
            raise CommandError("Give the password on standard input; see --help.")
        names, levels = options["usernames"], options["level"]
        if len(levels) not in {1, len(names)}:
            raise CommandError(f"{len(names)} names and {len(levels)} levels: give one or as many.")
        requests = [
            AccountRequest(name, options["role"], level, options["simulated"])
            for name, level in zip(names, levels * (len(names) // len(levels)), strict=True)
        ]
        self.stdout.write(f"{create_accounts(requests, password)} accounts created.")
