"""Accounts: signed up by people, created by operators."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.auth.hashers import make_password
from django.db import transaction

from labeling.models import User


def sign_up_volunteer(username: str, password: str) -> User:
    """Make a volunteer's account. The caller has checked name and password."""
    return User.objects.create_user(username, password=password, role=User.Role.VOLUNTEER)


@dataclass(frozen=True)
class AccountRequest:
    role: str = User.Role.VOLUNTEER
    level: int = 1
    is_simulated: bool = False


@transaction.atomic
def create_accounts(usernames: Sequence[str], password: str, request: AccountRequest) -> int:
    """Create the accounts that do not exist yet, all with one password; returns how many.

    Hashing is slow by design: it is done once for all of them.
    """
    present = set(User.objects.filter(username__in=usernames).values_list("username", flat=True))
    hashed = make_password(password)
    new = [
        User(
            username=username,
            password=hashed,
            role=request.role,
            level=request.level,
            is_simulated=request.is_simulated,
        )
        for username in dict.fromkeys(usernames)
        if username not in present
    ]
    User.objects.bulk_create(new)
    return len(new)
