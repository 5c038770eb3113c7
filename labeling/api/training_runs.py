"""Training runs: asked for, watched, cancelled, gone on with."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from labeling.api.pagination import NewestFirst
from labeling.api.permissions import IsPipelineOrReviewer, user_of
from labeling.api.schema import answers
from labeling.models import TrainingRun
from labeling.selectors.runs import checkpoints_until, find_training, listed_trainings
from labeling.services.cancelling import cancel_training
from labeling.services.resuming import resume_training
from labeling.services.training import request_training
from ml.vision.recipes import AUTOMATIC, RECIPES


class RunSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    state = serializers.CharField(help_text="requested, running, succeeded, failed or cancelled")
    reason = serializers.CharField(allow_blank=True)
    requested_by = serializers.CharField(
        source="requested_by.username", allow_null=True, default=None
    )
    settings = serializers.JSONField()
    stage = serializers.CharField(allow_blank=True)
    progress = serializers.FloatField(help_text="from 0 to 1")
    attempts = serializers.IntegerField()
    error_code = serializers.CharField(allow_blank=True)
    error = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)


class TrainingRunSerializer(RunSerializer):
    recipe = serializers.SerializerMethodField(
        help_text="by which it trains; auto until a worker has chosen nota or nota-cpu"
    )
    model_version = serializers.IntegerField(
        source="model_version.number", allow_null=True, default=None
    )

    def get_recipe(self, run: TrainingRun) -> str:
        return run.recipe


class FullTrainingRunSerializer(TrainingRunSerializer):
    epochs = serializers.JSONField(help_text="metrics by epoch")
    classes = serializers.SerializerMethodField(help_text="empty until the data are frozen")
    data_digest = serializers.CharField(allow_blank=True, help_text="SHA-256 of the training set")
    code_version = serializers.CharField(allow_blank=True)
    worker = serializers.CharField(allow_blank=True)
    left_out = serializers.DictField(
        child=serializers.CharField(),
        help_text="each class that it does not learn, and what that lacks; empty until the data "
        "are frozen",
    )
    notes = serializers.ListField(
        child=serializers.CharField(), help_text="sentences on what was unusual before it began"
    )
    checkpoints_until = serializers.SerializerMethodField(
        help_text="of one that failed or was cancelled: until when it can go on from its last "
        "checkpoint; later it would begin again with the same list"
    )

    def get_checkpoints_until(self, run: TrainingRun) -> datetime | None:
        return checkpoints_until(run)

    def get_classes(self, run: TrainingRun) -> list[str]:
        return run.class_list.labels if run.class_list else []


class NewTrainingSerializer(serializers.Serializer):
    reason = serializers.CharField(max_length=200, default="asked for over the API")
    recipe = serializers.CharField(
        max_length=64,
        default="",
        help_text=f"one of {', '.join(RECIPES)}, or {AUTOMATIC}; left out: the site's own",
    )
    settings = serializers.DictField(
        default=dict, help_text="training settings that differ from the recipe's"
    )


class TrainingRunsView(generics.ListAPIView):
    permission_classes = [IsAuthenticated, IsPipelineOrReviewer]
    serializer_class = TrainingRunSerializer
    pagination_class = NewestFirst
    filter_backends: list[Any] = []

    def get_queryset(self) -> QuerySet[TrainingRun]:
        return listed_trainings()

    @extend_schema(responses=answers({200: TrainingRunSerializer(many=True)}, 401, 403, 404))
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Training runs by cursor, the newest first."""
        return super().get(request, *args, **kwargs)

    @extend_schema(
        request=NewTrainingSerializer,
        responses=answers({201: FullTrainingRunSerializer}, 400, 401, 403, 409),
    )
    def post(self, request: Request) -> Response:
        """Ask for a training; a worker takes it up. 409 where one is under way."""
        asked = NewTrainingSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        run = request_training(user_of(request), **asked.validated_data)
        return Response(FullTrainingRunSerializer(find_training(run.pk)).data, status=201)


class TrainingRunView(APIView):
    permission_classes = [IsAuthenticated, IsPipelineOrReviewer]

    @extend_schema(responses=answers({200: FullTrainingRunSerializer}, 401, 403, 404))
    def get(self, request: Request, run_id: int) -> Response:
        """One training with its progress and metrics by epoch."""
        return Response(FullTrainingRunSerializer(find_training(run_id)).data)


class CancelTrainingView(APIView):
    permission_classes = [IsAuthenticated, IsPipelineOrReviewer]

    @extend_schema(
        request=None, responses=answers({200: FullTrainingRunSerializer}, 401, 403, 404, 409)
    )
    def post(self, request: Request, run_id: int) -> Response:
        """Cancel a training that has not ended; its worker notices within seconds.

        A pipeline may those that it asked for (else 403 ``not_yours``), a reviewer all.
        """
        cancel_training(run_id, by=user_of(request))
        return Response(FullTrainingRunSerializer(find_training(run_id)).data)


class ResumeTrainingView(APIView):
    permission_classes = [IsAuthenticated, IsPipelineOrReviewer]

    @extend_schema(
        request=None, responses=answers({200: FullTrainingRunSerializer}, 401, 403, 404, 409)
    )
    def post(self, request: Request, run_id: int) -> Response:
        """Let a training that failed or was cancelled go on from its last checkpoint.

        Its settings and its frozen list stay. 409 where it succeeded or one is under way. A
        pipeline may those that it asked for (else 403 ``not_yours``), a reviewer all.
        """
        resume_training(run_id, by=user_of(request))
        return Response(FullTrainingRunSerializer(find_training(run_id)).data)
