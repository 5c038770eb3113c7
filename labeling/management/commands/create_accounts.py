"""manage.py create_accounts"""

import csv
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from labeling.models import User
from labeling.services.accounts import AccountRequest, create_accounts

# Who labels without an account has none to create.
ROLES = [role for role in User.Role.values if role != User.Role.VISITOR]


class Command(BaseCommand):
    help = """Create accounts with one password; those that exist are left as they are.

The password is read from standard input, never from the command line, where others could see it.

Examples:
  echo "$PASSWORD" | manage.py create_accounts ada ben --role reviewer --level 6
  echo "$PASSWORD" | manage.py create_accounts --file crowd.csv

The file has the columns username,role,level,simulated; all but the first may be left out.
"""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.add_argument("usernames", nargs="*", metavar="NAME")
        parser.add_argument("--role", choices=ROLES, default=User.Role.VOLUNTEER)
        parser.add_argument("--level", type=int, default=1)
        parser.add_argument("--simulated", action="store_true")
        parser.add_argument("--file", type=Path, metavar="CSV", help="one account a line")

    def handle(self, *args: Any, **options: Any) -> None:
        requests = [
            AccountRequest(name, options["role"], options["level"], options["simulated"])
            for name in options["usernames"]
        ]
        if options["file"]:
            requests += read_accounts(options["file"])
        if not requests:
            raise CommandError("Give names or a --file; see --help.")
        password = sys.stdin.readline().rstrip("\n")
        if not password:
            raise CommandError("Give the password on standard input; see --help.")
        self.stdout.write(f"{create_accounts(requests, password)} accounts created.")


def read_accounts(path: Path) -> list[AccountRequest]:
    """The accounts of a CSV file. Raises CommandError naming the line that is wrong."""
    try:
        with path.open(newline="") as file:
            reader = csv.DictReader(file)
            return [_account(row, f"{path}, line {reader.line_num}") for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CommandError(f"{path} cannot be read as CSV: {error}") from error


def _account(row: dict[str, str], where: str) -> AccountRequest:
    name, role = row.get("username") or "", row.get("role") or User.Role.VOLUNTEER
    level, simulated = row.get("level") or "1", row.get("simulated") or "0"
    if not name:
        raise CommandError(f"{where}: the column username is missing or empty.")
    if role not in ROLES:
        raise CommandError(f"{where}: {role!r} is no role; known are {', '.join(ROLES)}.")
    if not (level.isdecimal() and int(level) >= 1):
        raise CommandError(f"{where}: the level is {level!r}; it must be a whole number from 1.")
    if simulated not in {"0", "1"}:
        raise CommandError(f"{where}: simulated is {simulated!r}; it must be 0 or 1.")
    return AccountRequest(name, role, int(level), simulated == "1")
