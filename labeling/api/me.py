"""Me: who the token or session belongs to."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from labeling.api.schema import answers


class UserSerializer(serializers.Serializer):
    username = serializers.CharField()
    role = serializers.CharField(help_text="visitor, volunteer, reviewer or pipeline")
    is_simulated = serializers.BooleanField()
    level = serializers.IntegerField()


class MeSerializer(UserSerializer):
    votes_cast = serializers.IntegerField()
    gold_seen = serializers.IntegerField()
    gold_correct = serializers.IntegerField()


class MeView(APIView):
    @extend_schema(responses=answers({200: MeSerializer}, 401))
    def get(self, request: Request) -> Response:
        """Your name, role, level and votes."""
        return Response(MeSerializer(request.user).data)
