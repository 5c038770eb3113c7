"""Sessions of the API, read together with their user in one prepared statement.

Every vote is asked for by a session. Django reads it with one query and its user with another,
built anew each time; here one statement reads both, because whose session it was the last time is
remembered. Remembered is only where to look: that the session still stands and that the password
is still the same is read each time, so logging out ends a session at once.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from rest_framework.authentication import SessionAuthentication
from rest_framework.request import Request

from labeling.database.prepared import fetch
from labeling.models import User

REMEMBERED = 10_000
_user_of_session: dict[str, int] = {}


@dataclass(frozen=True)
class LogIn:
    """What a session says of its log-in."""

    user_id: int
    password_hash: str


class LeanSessionAuthentication(SessionAuthentication):
    """As Django's; whatever is out of the ordinary is left to Django itself."""

    def authenticate(self, request: Request) -> tuple[User, None] | None:
        key = request._request.COOKIES.get(settings.SESSION_COOKIE_NAME)
        user = _read_user(key) if key else None
        if user is None:
            return super().authenticate(request)
        request._request.session.accessed = True  # so that the answer varies by the cookie
        self.enforce_csrf(request)
        return user, None


def _read_user(key: str) -> User | None:
    """The active user who is logged in by the session, or None."""
    for _ in range(2):  # the second time where it was not known whose session it is
        guess = _user_of_session.get(key)
        rows = fetch({"key": key, "user": guess, "now": timezone.now()}, session_and_user())
        log_in = _log_in_of(rows[0][0]) if rows else None
        if log_in is None:
            return None
        if log_in.user_id == guess:
            return _user_logged_in(log_in, rows[0][1:])
        if len(_user_of_session) >= REMEMBERED:
            _user_of_session.clear()
        _user_of_session[key] = log_in.user_id
    return None


def _user_logged_in(log_in: LogIn, row: tuple[Any, ...]) -> User | None:
    user = User.from_db("default", _columns(), row)
    same_password = constant_time_compare(log_in.password_hash, user.get_session_auth_hash())
    return user if user.pk and user.is_active and same_password else None


@lru_cache(maxsize=REMEMBERED)
def _log_in_of(session_data: str) -> LogIn | None:
    """Decode what is stored; None where nobody is logged in, or by a door now shut."""
    decoded = SessionStore().decode(session_data)
    if decoded.get(BACKEND_SESSION_KEY) not in settings.AUTHENTICATION_BACKENDS:
        return None
    return LogIn(int(decoded[SESSION_KEY]), decoded.get(HASH_SESSION_KEY, ""))


@lru_cache(maxsize=1)
def _columns() -> tuple[str, ...]:
    return tuple(field.attname for field in User._meta.concrete_fields)


@lru_cache(maxsize=1)
def session_and_user() -> str:
    """The statement; its values are ``key``, ``user`` (a guess) and ``now``."""
    columns = ", ".join(f'u."{field.column}"' for field in User._meta.concrete_fields)
    return (
        f"SELECT s.session_data, {columns} FROM django_session s "  # noqa: S608 (our own columns)
        "LEFT JOIN labeling_user u ON u.id = %(user)s "
        "WHERE s.session_key = %(key)s AND s.expire_date > %(now)s"
    )
