"""Discovery runs: the search of the pool of unknowns for new classes."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from labeling.api.fields import MOST
from labeling.api.pagination import NewestFirst
from labeling.api.permissions import IsPipelineOrReviewer, user_of
from labeling.api.schema import answers
from labeling.api.training_runs import RunSerializer
from labeling.models import DiscoveryRun
from labeling.selectors.runs import find_discovery, listed_discoveries
from labeling.services.discovery import request_discovery


class DiscoveryRunSerializer(RunSerializer):
    pool_size = serializers.IntegerField(allow_null=True)
    embedding = serializers.IntegerField(
        source="embedding.number", allow_null=True, default=None, help_text="model version"
    )
    measured = serializers.JSONField(help_text="each embedding tried on held-out known classes")
    proposals = serializers.SerializerMethodField(help_text="ids")

    def get_proposals(self, run: DiscoveryRun) -> list[int]:
        return [proposal.pk for proposal in run.proposals.all()]


class NewDiscoverySerializer(serializers.Serializer):
    reason = serializers.CharField(max_length=200, default="asked for over the API")
    seed = serializers.IntegerField(min_value=0, max_value=MOST, default=0)


class DiscoveryRunsView(generics.ListAPIView):
    permission_classes = [IsAuthenticated, IsPipelineOrReviewer]
    serializer_class = DiscoveryRunSerializer
    pagination_class = NewestFirst
    filter_backends: list[Any] = []

    def get_queryset(self) -> QuerySet[DiscoveryRun]:
        return listed_discoveries()

    @extend_schema(responses=answers({200: DiscoveryRunSerializer(many=True)}, 401, 403, 404))
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Discovery runs by cursor, the newest first."""
        return super().get(request, *args, **kwargs)

    @extend_schema(
        request=NewDiscoverySerializer,
        responses=answers({201: DiscoveryRunSerializer}, 400, 401, 403),
    )
    def post(self, request: Request) -> Response:
        """Ask for a discovery; the one under way is given where there is one."""
        asked = NewDiscoverySerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        run = request_discovery(user_of(request), **asked.validated_data)
        return Response(DiscoveryRunSerializer(find_discovery(run.pk)).data, status=201)


class DiscoveryRunView(APIView):
    permission_classes = [IsAuthenticated, IsPipelineOrReviewer]

    @extend_schema(responses=answers({200: DiscoveryRunSerializer}, 401, 403, 404))
    def get(self, request: Request, run_id: int) -> Response:
        """One discovery with its progress, the embeddings measured and its proposals."""
        return Response(DiscoveryRunSerializer(find_discovery(run_id)).data)
