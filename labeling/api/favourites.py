"""Favourites: listed, and changed one glitch at a time."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from labeling.api.permissions import HasAccount, IsPerson, user_of
from labeling.api.schema import answers
from labeling.selectors.talk import favourite_ids, find_shown_glitch
from labeling.services.collections import set_favourite


class FavouriteSerializer(serializers.Serializer):
    gravityspy_id = serializers.CharField()
    favourite = serializers.BooleanField()


class FavouritesSerializer(serializers.Serializer):
    gravityspy_ids = serializers.ListField(child=serializers.CharField())


class FavouritesView(APIView):
    permission_classes = [IsAuthenticated, IsPerson, HasAccount]

    @extend_schema(responses=answers({200: FavouritesSerializer}, 401, 403))
    def get(self, request: Request) -> Response:
        """The ids of your favourites, the latest first."""
        return Response({"gravityspy_ids": favourite_ids(user_of(request))})


class FavouriteView(APIView):
    permission_classes = [IsAuthenticated, IsPerson, HasAccount]

    @extend_schema(request=None, responses=answers({200: FavouriteSerializer}, 400, 401, 403, 404))
    def put(self, request: Request, gravityspy_id: str) -> Response:
        """Make a glitch one of your favourites."""
        return self._set(request, gravityspy_id, on=True)

    @extend_schema(request=None, responses=answers({200: FavouriteSerializer}, 400, 401, 403, 404))
    def delete(self, request: Request, gravityspy_id: str) -> Response:
        """Take a glitch off your favourites."""
        return self._set(request, gravityspy_id, on=False)

    def _set(self, request: Request, gravityspy_id: str, *, on: bool) -> Response:
        set_favourite(user_of(request), find_shown_glitch(gravityspy_id), on=on)
        return Response({"gravityspy_id": gravityspy_id, "favourite": on})
