"""Status: how the house is."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from labeling.api.permissions import IsPipelineOrReviewer
from labeling.api.schema import answers
from labeling.selectors.status import system_status


class StatusSerializer(serializers.Serializer):
    """Each part is what is said here or, where it is down, ``{"error": message}``."""

    glitches = serializers.JSONField(help_text="how many there are")
    open = serializers.JSONField(help_text="how many volunteers still vote on")
    retired = serializers.JSONField(help_text="reason -> number")
    unknown_pool = serializers.JSONField(help_text="how many seem to fit no class")
    votes = serializers.JSONField(help_text="how many")
    visitor_votes = serializers.JSONField(help_text="those of them cast without an account")
    workers = serializers.JSONField(help_text="list of those that answer: {name, queues}")
    unserved = serializers.JSONField(help_text="queues that none of them takes messages from")
    queues = serializers.JSONField(help_text="queue -> messages that wait")
    active = serializers.JSONField(help_text="role -> number of the model version in use")
    scored = serializers.JSONField(help_text="predictions of the classifier in use")
    unreadable = serializers.JSONField(help_text="glitches whose pictures it could not read")
    batches = serializers.JSONField(
        help_text="in vote: list of {proposal, name, state, open, decided, total}"
    )
    last_training = serializers.JSONField(help_text="null or state, progress, error, result")
    training_pause = serializers.JSONField(
        help_text="null or until when the house asks for no training, and words on which one of "
        "its own, or by its settings, came to nothing"
    )
    last_discovery = serializers.JSONField(help_text="null or state, progress, error")
    errors: Any = serializers.JSONField(
        help_text="of the workers: list of {task, error, times, first_at, at}, the last first"
    )


class StatusView(APIView):
    permission_classes = [IsAuthenticated, IsPipelineOrReviewer]

    @extend_schema(responses=answers({200: StatusSerializer}, 401, 403))
    def get(self, request: Request) -> Response:
        """Figures, workers, queues, what runs and what failed; answers also when parts are down."""
        return Response(system_status())
