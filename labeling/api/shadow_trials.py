"""Shadow trials: a version predicts new glitches beside the one in use."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.permissions import SAFE_METHODS, BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from labeling.api.fields import MOST
from labeling.api.filters import ShadowTrialFilter
from labeling.api.pagination import NewestFirst
from labeling.api.permissions import IsPipelineOrReviewer, IsReviewer, user_of
from labeling.api.schema import answers
from labeling.models import ModelVersion, ShadowTrial
from labeling.selectors.trials import find_trial, listed_trials
from labeling.selectors.versions import find_version
from labeling.services.shadow import begin_trial, stop_trial


class ShadowTrialSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    state = serializers.CharField(help_text="running, passed, failed or called_off")
    version = serializers.IntegerField(source="candidate.number", help_text="the one on trial")
    beside = serializers.IntegerField(source="active.number", help_text="the one in use then")
    requested_by = serializers.CharField(
        source="requested_by.username", allow_null=True, default=None
    )
    glitches_wanted = serializers.IntegerField()
    until = serializers.DateTimeField()
    report = serializers.JSONField(help_text="on how many new glitches, and where, they disagree")
    reason = serializers.CharField(allow_blank=True, help_text="of the end")
    started_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)


class NewTrialSerializer(serializers.Serializer):
    version = serializers.IntegerField(min_value=1, max_value=MOST, help_text="a classifier")


class CallOffSerializer(serializers.Serializer):
    reason = serializers.CharField(max_length=200, default="", allow_blank=True)


class ShadowTrialsView(generics.ListAPIView):
    serializer_class = ShadowTrialSerializer
    pagination_class = NewestFirst
    filterset_class = ShadowTrialFilter

    def get_permissions(self) -> list[BasePermission]:
        may_read = self.request.method in SAFE_METHODS
        return [IsAuthenticated(), IsPipelineOrReviewer() if may_read else IsReviewer()]

    def get_queryset(self) -> QuerySet[ShadowTrial]:
        return listed_trials()

    @extend_schema(responses=answers({200: ShadowTrialSerializer(many=True)}, 400, 401, 403, 404))
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Trials by cursor, the newest first."""
        return super().get(request, *args, **kwargs)

    @extend_schema(
        request=NewTrialSerializer,
        responses=answers({201: ShadowTrialSerializer}, 400, 401, 403, 404, 409),
    )
    def post(self, request: Request) -> Response:
        """Try a version beside the one in use; a trial of another one is called off for it."""
        asked = NewTrialSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        number = asked.validated_data["version"]
        version = find_version(ModelVersion.Role.CLASSIFIER, number)
        trial = begin_trial(version, by=user_of(request))
        return Response(ShadowTrialSerializer(find_trial(trial.pk)).data, status=201)


class ShadowTrialView(APIView):
    permission_classes = [IsAuthenticated, IsPipelineOrReviewer]

    @extend_schema(responses=answers({200: ShadowTrialSerializer}, 401, 403, 404))
    def get(self, request: Request, trial_id: int) -> Response:
        """One trial with its report."""
        return Response(ShadowTrialSerializer(find_trial(trial_id)).data)


class CallOffView(APIView):
    permission_classes = [IsAuthenticated, IsReviewer]

    @extend_schema(
        request=CallOffSerializer,
        responses=answers({200: ShadowTrialSerializer}, 400, 401, 403, 404, 409),
    )
    def post(self, request: Request, trial_id: int) -> Response:
        """End a running trial without a verdict; 409 where it has ended already."""
        asked = CallOffSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        stop_trial(trial_id, by=user_of(request), reason=asked.validated_data["reason"])
        return Response(ShadowTrialSerializer(find_trial(trial_id)).data)
