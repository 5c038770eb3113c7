"""Bearer tokens: ``Authorization: Bearer nota_...``; only the SHA-256 of a token is stored."""

from django.utils.translation import activate
from rest_framework import authentication, exceptions
from rest_framework.request import Request

from labeling.models import ApiToken, User
from labeling.services.tokens import authenticate_token

PIPELINES_LANGUAGE = "en"  # programs read our messages too, whatever language they claim


class BearerTokenAuthentication(authentication.BaseAuthentication):
    """Raises AuthenticationFailed (401) for a token that is unknown, revoked or malformed."""

    keyword = "Bearer"

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        header = request.META.get("HTTP_AUTHORIZATION", "").split()
        if not header or header[0].lower() != self.keyword.lower():
            return None
        if len(header) != 2:
            raise exceptions.AuthenticationFailed(
                "The Authorization header must read 'Bearer <token>'.", code="bad_token"
            )
        token = authenticate_token(header[1])
        if token is None:
            raise exceptions.AuthenticationFailed(
                "This token is unknown or was revoked; make a new one.", code="bad_token"
            )
        activate(PIPELINES_LANGUAGE)
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return self.keyword
