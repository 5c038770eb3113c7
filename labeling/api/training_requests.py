"""Training requests: what makes a training due by itself, and what came of it."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from labeling.api.filters import TrainingRequestFilter
from labeling.api.pagination import NewestFirst
from labeling.api.permissions import IsPipelineOrReviewer
from labeling.api.schema import answers
from labeling.models import TrainingRequest
from labeling.selectors.training_requests import listed_requests


class TrainingRequestSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    state = serializers.CharField(help_text="waiting, started or refused")
    reasons = serializers.DictField(
        child=serializers.CharField(),
        help_text="why, in words, by labels, new_class, drift or schedule",
    )
    requested_by = serializers.CharField(
        source="requested_by.username", allow_null=True, default=None
    )
    due_at = serializers.DateTimeField(help_text="until then it waits for further reasons")
    training_run = serializers.IntegerField(
        source="training_run_id", allow_null=True, help_text="the one that it started"
    )
    refusal_code = serializers.CharField(allow_blank=True)
    refusal = serializers.CharField(allow_blank=True, help_text="why none could start")
    created_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)


class TrainingRequestsView(generics.ListAPIView):
    permission_classes = [IsAuthenticated, IsPipelineOrReviewer]
    serializer_class = TrainingRequestSerializer
    pagination_class = NewestFirst
    filterset_class = TrainingRequestFilter

    def get_queryset(self) -> QuerySet[TrainingRequest]:
        return listed_requests()

    @extend_schema(
        responses=answers({200: TrainingRequestSerializer(many=True)}, 400, 401, 403, 404)
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Requests that wait and those that have ended, by cursor, the newest first."""
        return super().get(request, *args, **kwargs)
