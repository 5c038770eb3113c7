"""Undo: the last vote taken back, within seconds."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from labeling.api.assignments import AssignmentSerializer
from labeling.api.permissions import IsPerson, user_of
from labeling.api.schema import answers
from labeling.selectors.assignments import render_assignments
from labeling.services.undo import undo_vote
from labeling.throttles import PostThrottle
from labeling.visitor_throttle import VisitorThrottle


class UndoSerializer(serializers.Serializer):
    assignment = serializers.IntegerField(min_value=1, max_value=2**63 - 1)


class UndoneSerializer(serializers.Serializer):
    assignment = AssignmentSerializer(help_text="the same glitch, lent anew")


class UndoView(APIView):
    permission_classes = [IsAuthenticated, IsPerson]
    throttle_classes = [PostThrottle, VisitorThrottle]
    throttle_scope = "vote"

    @extend_schema(
        request=UndoSerializer,
        responses=answers({200: UndoneSerializer}, 400, 401, 403, 404, 409, 429),
    )
    def post(self, request: Request) -> Response:
        """Take back the vote on an assignment: refused for gold, and once the glitch is settled."""
        asked = UndoSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        given: dict[str, Any] = asked.validated_data
        again = undo_vote(user_of(request), given["assignment"])
        return Response({"assignment": render_assignments([again])[0]})
