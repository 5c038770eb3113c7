"""Model versions: what was trained, why it is in use or not; and the way back."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from labeling.api.filters import ModelVersionFilter
from labeling.api.pagination import NewestFirst
from labeling.api.permissions import IsPipelineOrReviewer, IsReviewer, user_of
from labeling.api.schema import answers
from labeling.models import ModelVersion
from labeling.selectors.skipped import named
from labeling.selectors.versions import find_version, listed_versions
from labeling.services.versions import activate_version, roll_back


class ModelVersionSerializer(serializers.Serializer):
    role = serializers.CharField(help_text="classifier or embedding")
    number = serializers.IntegerField()
    state = serializers.CharField(help_text="candidate, active, replaced or kept_out")
    classes = serializers.SerializerMethodField()
    metrics = serializers.SerializerMethodField()
    decision_reason = serializers.CharField(allow_blank=True)
    weights_sha256 = serializers.CharField()
    training_run = serializers.IntegerField(source="training_run_id", allow_null=True)
    created_at = serializers.DateTimeField()
    activated_at = serializers.DateTimeField(allow_null=True)

    def get_classes(self, version: ModelVersion) -> list[str]:
        return version.class_list.labels if version.class_list else []

    def get_metrics(self, version: ModelVersion) -> dict[str, Any]:
        """The single figures; tables such as the confusion matrix stay with the one version."""
        return {k: v for k, v in version.metrics.items() if not isinstance(v, list | dict)}


class FullModelVersionSerializer(ModelVersionSerializer):
    epochs = serializers.SerializerMethodField(help_text="metrics by epoch")
    settings = serializers.SerializerMethodField(help_text="of the training")

    def get_metrics(self, version: ModelVersion) -> dict[str, Any]:
        """All metrics, with the confusion matrix, the figures of each class and what was left out.

        ``skipped`` and ``untested`` name each glitch, with a code and the reason.
        """
        there = {"skipped", "untested"} & set(version.metrics)
        return {**version.metrics, **{key: named(version.metrics[key]) for key in there}}

    def get_epochs(self, version: ModelVersion) -> list[dict[str, Any]]:
        return version.training_run.epochs if version.training_run else []

    def get_settings(self, version: ModelVersion) -> dict[str, Any]:
        return version.training_run.settings if version.training_run else {}


class ActivationSerializer(serializers.Serializer):
    reason = serializers.CharField(max_length=200, default="", allow_blank=True)


class ModelVersionsView(generics.ListAPIView):
    permission_classes = [IsAuthenticated, IsPipelineOrReviewer]
    serializer_class = ModelVersionSerializer
    pagination_class = NewestFirst
    filterset_class = ModelVersionFilter

    def get_queryset(self) -> QuerySet[ModelVersion]:
        return listed_versions()

    @extend_schema(responses=answers({200: ModelVersionSerializer(many=True)}, 400, 401, 403, 404))
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Model versions by cursor, the newest first."""
        return super().get(request, *args, **kwargs)


class ModelVersionView(APIView):
    permission_classes = [IsAuthenticated, IsPipelineOrReviewer]

    @extend_schema(responses=answers({200: FullModelVersionSerializer}, 401, 403, 404))
    def get(self, request: Request, role: str, number: int) -> Response:
        """One version with all its metrics and its learning curve."""
        return Response(FullModelVersionSerializer(find_version(role, number)).data)


class ActivateView(APIView):
    permission_classes = [IsAuthenticated, IsReviewer]

    @extend_schema(
        request=ActivationSerializer,
        responses=answers({200: FullModelVersionSerializer}, 400, 401, 403, 404, 409),
    )
    def post(self, request: Request, role: str, number: int) -> Response:
        """Put a version into use, for instance to go back to an earlier one."""
        asked = ActivationSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        activate_version(role, number, by=user_of(request), reason=asked.validated_data["reason"])
        return Response(FullModelVersionSerializer(find_version(role, number)).data)


class RollBackView(APIView):
    permission_classes = [IsAuthenticated, IsReviewer]

    @extend_schema(
        request=ActivationSerializer,
        responses=answers({200: FullModelVersionSerializer}, 400, 401, 403, 404, 409),
    )
    def post(self, request: Request, role: str, number: int) -> Response:
        """Put the version into use that was there before this one; it is the answer.

        409 where this one is not in use any more, so that a second request does not go back twice.
        """
        asked = ActivationSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        current = find_version(role, number)
        reason = asked.validated_data["reason"]
        earlier = roll_back(role, instead_of=current.number, by=user_of(request), reason=reason)
        return Response(FullModelVersionSerializer(find_version(role, earlier.number)).data)
