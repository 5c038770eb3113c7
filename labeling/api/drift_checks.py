"""Drift: each week of a version's predictions against the weeks before; alerts put aside."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from labeling.api.filters import DriftCheckFilter
from labeling.api.pagination import NewestFirst
from labeling.api.permissions import IsPipelineOrReviewer, IsReviewer, user_of
from labeling.api.schema import answers
from labeling.models import DriftCheck
from labeling.selectors.drift import all_checks, find_check
from labeling.services.drift import see_alert


class DriftCheckSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    version = serializers.IntegerField(source="model_version.number")
    week = serializers.IntegerField(help_text="GPS second at which the week begins")
    glitches = serializers.IntegerField()
    glitches_before = serializers.IntegerField(help_text="of the weeks compared with")
    measured = serializers.JSONField(
        help_text="of classes and of confidence: divergence in bits, stability index, p; or null"
    )
    is_alert = serializers.BooleanField()
    words = serializers.CharField()
    seen_by = serializers.CharField(source="seen_by.username", allow_null=True, default=None)
    seen_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()


class DriftChecksView(generics.ListAPIView):
    permission_classes = [IsAuthenticated, IsPipelineOrReviewer]
    serializer_class = DriftCheckSerializer
    pagination_class = NewestFirst
    filterset_class = DriftCheckFilter

    def get_queryset(self) -> QuerySet[DriftCheck]:
        return all_checks()

    @extend_schema(responses=answers({200: DriftCheckSerializer(many=True)}, 400, 401, 403, 404))
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Weeks that were compared, by cursor, the newest check first."""
        return super().get(request, *args, **kwargs)


class DriftCheckView(APIView):
    permission_classes = [IsAuthenticated, IsPipelineOrReviewer]

    @extend_schema(responses=answers({200: DriftCheckSerializer}, 401, 403, 404))
    def get(self, request: Request, check_id: int) -> Response:
        """One week against those before."""
        return Response(DriftCheckSerializer(find_check(check_id)).data)


class SeeAlertView(APIView):
    permission_classes = [IsAuthenticated, IsReviewer]

    @extend_schema(request=None, responses=answers({200: DriftCheckSerializer}, 401, 403, 404))
    def post(self, request: Request, check_id: int) -> Response:
        """Put an alert aside; whoever did it first stays named. 404 for a week without an alert."""
        see_alert(check_id, by=user_of(request))
        return Response(DriftCheckSerializer(find_check(check_id)).data)
