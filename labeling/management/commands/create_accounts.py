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
  echo "$PASSWORD" | manage.py create_accounts simulated-001 --simulated --level 6
"""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.add_argument("usernames", nargs="+", metavar="NAME")
        parser.add_argument("--role", choices=User.Role.values, default=User.Role.VOLUNTEER)
        parser.add_argument("--level", type=int, default=1)
        parser.add_argument("--simulated", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        password = sys.stdin.readline().rstrip("\n")
        if not password:
            raise CommandError("Give the password on standard input; see --help.")
        request = AccountRequest(
            role=options["role"], level=options["level"], is_simulated=options["simulated"]
        )
        created = create_accounts(options["usernames"], password, request)
        self.stdout.write(f"{created} accounts created.")
