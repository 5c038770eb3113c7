"""Accounts: signed up by people, created by operators."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.auth.hashers import make_password
from django.db import transaction

from labeling.models import User


def sign_up_volunteer(username: str, password: str) -> User:
    """Make a volunteer's account. The caller has checked name and password."""
    return User.objects.create_user(username, password=password, role=User.Role.VOLUNTEER)


@transaction.atomic
def change_password(user: User, password: str, *, keep_tokens: bool = False) -> None:
    """Set a new password, which the caller has checked; every session of before ends.

    API tokens end too unless they are to be kept: who changes a password may have lost it.
    """
    if keep_tokens:
        user.password = make_password(password)
    else:
        user.set_password(password)  # what tells ``EndsTokens``, once it is saved
    user.save(update_fields=["password"])


@dataclass(frozen=True)
class AccountRequest:
    username: str
    role: str = User.Role.VOLUNTEER
    level: int = 1
    is_simulated: bool = False


@transaction.atomic
def create_accounts(requests: Sequence[AccountRequest], password: str) -> int:
    """Create the accounts that do not exist yet, all with one password; returns how many.

    Hashing is slow by design: it is done once for all of them.
    """
    names = [request.username for request in requests]
    present = set(User.objects.filter(username__in=names).values_list("username", flat=True))
    hashed = make_password(password)
    new = {
        request.username: User(
            username=request.username,
            password=hashed,
            role=request.role,
            level=request.level,
            is_simulated=request.is_simulated,
        )
        for request in requests
        if request.username not in present
    }
    User.objects.bulk_create(new.values())
    return len(new)
