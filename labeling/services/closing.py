"""Accounts that are closed: the person goes, the votes stay."""

import secrets
from datetime import datetime

from django.contrib.admin.models import LogEntry
from django.contrib.auth.hashers import make_password
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from labeling.errors import ConflictError
from labeling.models import ApiToken, AuditEvent, Collection, User
from labeling.services.assignments import give_leases_back
from labeling.services.audit import record_deed

FORMER_PREFIX = "former-volunteer-"


def close_account(user: User) -> str:
    """Erase what says who this is; returns the pseudonym that the votes are kept under.

    Name, e-mail, password, tokens and collections go at once, and with the password every
    session ends. A vote that is under way is stored before or after, and counted: only the
    columns of the person are written. Then the glitches that were lent are given back, one short
    transaction each; those of a process that dies in between run out like any lease.

    Raises ConflictError ``account_closed``.
    """
    now = timezone.now()
    pseudonym = _erase_person(user.pk, now)
    give_leases_back(user.pk)
    return pseudonym


@transaction.atomic
def _erase_person(user_id: int, now: datetime) -> str:
    user = User.objects.select_for_update(no_key=True).get(pk=user_id)
    if user.closed_at is not None:
        raise ConflictError(_("This account is closed already."), code="account_closed")
    name, pseudonym = user.username, f"{FORMER_PREFIX}{secrets.token_hex(8)}"
    User.objects.filter(pk=user_id).update(
        username=pseudonym,
        first_name="",
        last_name="",
        email="",
        password=make_password(None),
        last_login=None,
        is_active=False,
        is_staff=False,
        is_superuser=False,
        closed_at=now,
    )
    ApiToken.objects.filter(user=user_id).delete()
    Collection.objects.filter(owner=user_id).delete()
    _rename_in_records(user_id, name, pseudonym)
    record_deed(None, "close_account", f"account {pseudonym}")
    return pseudonym


def _rename_in_records(user_id: int, name: str, pseudonym: str) -> None:
    """Where deeds and the admin's log keep the name as text."""
    deleted = AuditEvent.objects.filter(verb="delete_comment", data__author=name)
    deleted.update(data={"author": pseudonym})
    kind = ContentType.objects.get_for_model(User)
    logged = LogEntry.objects.filter(content_type=kind, object_id=str(user_id))
    logged.update(object_repr=pseudonym)
