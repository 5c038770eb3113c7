"""Visitors: people who label without an account, one a browser session."""

import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from labeling.errors import ConflictError, ForbiddenError
from labeling.models import Assignment, User, Vote

# As in Zooniverse's exports; the rest is chance, so that nothing of an address is in it.
VISITOR_PREFIX = "not-logged-in-"
SWEPT_AT_ONCE = 1000


def begin_visit() -> User:
    """A visitor who can vote at once and never log in. ForbiddenError ``visitors_closed``."""
    if not settings.ANONYMOUS_VOTING:
        raise ForbiddenError(
            _("Labeling without an account is switched off here; sign up, it takes a minute."),
            code="visitors_closed",
        )
    name = f"{VISITOR_PREFIX}{secrets.token_hex(10)}"
    return User.objects.create(username=name, password=make_password(None), role=User.Role.VISITOR)


@transaction.atomic
def make_visitor_volunteer(visitor: User, username: str, password: str) -> User:
    """Give a visitor an account: name and password, which the caller has checked.

    It is the same row: votes, skill, level and leases are its own already, so that nothing is
    counted twice and what it has voted on is never shown to it again.

    Raises ConflictError ``visit_ended`` where another tab has signed up before.
    """
    held = User.objects.select_for_update(no_key=True).filter(
        pk=visitor.pk, role=User.Role.VISITOR, is_active=True
    )
    volunteer = held.first()
    if volunteer is None:
        raise ConflictError(
            _("You have signed up in another tab already; log in with that name."),
            code="visit_ended",
        )
    volunteer.username, volunteer.role = username, User.Role.VOLUNTEER
    volunteer.set_password(password)
    volunteer.save(update_fields=["username", "role", "password"])
    return volunteer


def end_old_visits(now: datetime) -> tuple[int, int]:
    """Clear away visitors whose session has ended: (rows deleted, rows closed).

    Who voted is kept under the random name, so that the votes keep their voter; who did not is
    deleted. Leases of either have long run out; a row that still holds one waits for the sweep.
    """
    ended = now - timedelta(seconds=settings.SESSION_COOKIE_AGE)
    over = User.objects.filter(role=User.Role.VISITOR, is_active=True, date_joined__lt=ended)
    voted = Exists(Vote.objects.filter(volunteer=OuterRef("pk")))
    leases = Assignment.objects.filter(volunteer=OuterRef("pk"), state=Assignment.State.OPEN)
    closed = over.filter(voted).update(is_active=False, closed_at=now)
    idle = over.filter(~voted, ~Exists(leases)).values_list("pk", flat=True)[:SWEPT_AT_ONCE]
    User.objects.filter(pk__in=list(idle)).delete()
    return len(idle), closed
