"""Tokens: made with name and password, listed, revoked."""

from typing import Any

from django.contrib.auth import authenticate
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import AllowAny, BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from labeling.api.me import UserSerializer
from labeling.api.permissions import user_of
from labeling.api.schema import answers
from labeling.errors import LabelingError, NotFoundError
from labeling.models import ApiToken
from labeling.services.tokens import create_token, revoke_token
from labeling.throttles import PostThrottle


class CredentialsSerializer(serializers.Serializer):
    username = serializers.CharField(max_length=150)
    password = serializers.CharField(max_length=128, trim_whitespace=False)
    name = serializers.CharField(max_length=80, default="API", help_text="what the token is for")


class NewTokenSerializer(serializers.Serializer):
    token = serializers.CharField(help_text="shown this once")
    user = UserSerializer()


class TokenSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    name = serializers.CharField()
    created_at = serializers.DateTimeField()
    last_used_at = serializers.DateTimeField(allow_null=True)


class TokensView(APIView):
    throttle_classes = [PostThrottle]
    throttle_scope = "log_in"

    def get_authenticators(self) -> list[BaseAuthentication]:
        # Who asks for a token has none yet, and an old cookie must not demand a CSRF token.
        asks = self.request is not None and self.request.method == "POST"
        return [] if asks else super().get_authenticators()

    def get_permissions(self) -> list[BasePermission]:
        asks = self.request is not None and self.request.method == "POST"
        return [AllowAny()] if asks else [IsAuthenticated()]

    @extend_schema(
        request=CredentialsSerializer,
        responses=answers({201: NewTokenSerializer}, 400, 401, 429),
        auth=[],
    )
    def post(self, request: Request) -> Response:
        """Log in: a new token for a name and password."""
        asked = CredentialsSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        given: dict[str, Any] = asked.validated_data
        user = authenticate(request, username=given["username"], password=given["password"])
        if user is None:
            raise LabelingError(
                "This name and password do not go together.",
                code="bad_credentials",
                http_status=401,
            )
        token = create_token(user, given["name"])
        body = {"token": token, "user": UserSerializer(user).data}
        return Response(body, status=status.HTTP_201_CREATED)

    @extend_schema(
        operation_id="tokens_list", responses=answers({200: TokenSerializer(many=True)}, 401)
    )
    def get(self, request: Request) -> Response:
        """Your own live tokens; never the token itself."""
        own = ApiToken.objects.filter(user=user_of(request), revoked_at__isnull=True).order_by("pk")
        return Response(TokenSerializer(own, many=True).data)


class TokenView(APIView):
    @extend_schema(responses=answers({204: None}, 401, 404))
    def delete(self, request: Request, token_id: int) -> Response:
        """Revoke one of your own tokens."""
        if not revoke_token(user_of(request), token_id):
            raise NotFoundError(f"You have no live token {token_id}.")
        return Response(status=status.HTTP_204_NO_CONTENT)
