"""API tokens: made, found and revoked. The token itself is shown once and never stored."""

import hashlib
import secrets
from datetime import timedelta

from django.contrib.auth.password_validation import MinimumLengthValidator
from django.utils import timezone

from labeling.models import ApiToken, User

PREFIX = "nota_"
# Writing last_used_at on every request would make each read a write.
USED_RESOLUTION = timedelta(minutes=5)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def create_token(user: User, name: str) -> str:
    """Make a token for ``user`` and return it: the only time that it can be read."""
    token = PREFIX + secrets.token_urlsafe(32)
    ApiToken.objects.create(user=user, name=name[:80], digest=_digest(token))
    return token


def authenticate_token(token: str) -> ApiToken | None:
    """The live token of an active user, or None."""
    found = (
        ApiToken.objects.select_related("user")
        .filter(digest=_digest(token), revoked_at__isnull=True, user__is_active=True)
        .first()
    )
    if found is None:
        return None
    now = timezone.now()
    if found.last_used_at is None or now - found.last_used_at > USED_RESOLUTION:
        ApiToken.objects.filter(pk=found.pk).update(last_used_at=now)
    return found


def revoke_tokens(user: User) -> int:
    """Revoke all of a user's tokens; returns how many were live."""
    live = ApiToken.objects.filter(user=user, revoked_at__isnull=True)
    return live.update(revoked_at=timezone.now())


class EndsTokens(MinimumLengthValidator):
    """The shortest password, and the end of API tokens with every new one.

    Django tells its password validators of each password that was set, wherever that was: on the
    site, in the admin, by ``manage.py changepassword``. A hash renewed at log-in is no new one.
    """

    def password_changed(self, password: str, user: User) -> None:
        revoke_tokens(user)


def revoke_token(user: User, token_id: int) -> bool:
    """Revoke one of the user's own tokens; False where it was not live."""
    live = ApiToken.objects.filter(pk=token_id, user=user, revoked_at__isnull=True)
    return live.update(revoked_at=timezone.now()) == 1
