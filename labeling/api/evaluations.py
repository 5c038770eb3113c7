"""Evaluations: a version's figures on the gold test set, alone or against another version."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from labeling.api.fields import MOST
from labeling.api.filters import EvaluationFilter, EvaluationRunFilter
from labeling.api.pagination import NewestFirst
from labeling.api.permissions import IsPipelineOrReviewer, user_of
from labeling.api.schema import answers
from labeling.api.training_runs import RunSerializer
from labeling.models import Evaluation, EvaluationRun
from labeling.selectors.evaluations import (
    find_evaluation,
    find_evaluation_run,
    listed_evaluation_runs,
    listed_evaluations,
)
from labeling.services.cancelling import cancel_evaluation
from labeling.services.evaluations import request_evaluation
from labeling.throttles import PostThrottle


class EvaluationSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    version = serializers.IntegerField(source="model_version.number")
    against = serializers.IntegerField(
        source="against.number", allow_null=True, default=None, help_text="compared with it"
    )
    test_digest = serializers.CharField(
        help_text="SHA-256 of the gold test set: figures compare where it is the same"
    )
    in_time = serializers.BooleanField(
        help_text="on those glitches alone that came later than all training"
    )
    count = serializers.IntegerField(help_text="glitches judged on")
    accuracy = serializers.FloatField()
    macro_f1 = serializers.FloatField()
    log_loss = serializers.FloatField()
    ece = serializers.FloatField(help_text="expected calibration error")
    code_version = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()


class FullEvaluationSerializer(EvaluationSerializer):
    figures = serializers.JSONField(
        help_text="all figures: intervals, by class, by group, curves, reliability"
    )
    comparison = serializers.JSONField(
        allow_null=True, help_text="the paired tests, where it was against another version"
    )


class NewEvaluationSerializer(serializers.Serializer):
    version = serializers.IntegerField(min_value=1, max_value=MOST, help_text="a classifier")
    against = serializers.IntegerField(
        min_value=1, max_value=MOST, allow_null=True, default=None, help_text="another, to compare"
    )
    in_time = serializers.BooleanField(
        default=False,
        help_text="on those glitches alone that came later than all that either was trained on",
    )


class EvaluationRunSerializer(RunSerializer):
    version = serializers.IntegerField(source="model_version.number")
    against = serializers.IntegerField(source="against.number", allow_null=True, default=None)
    in_time = serializers.BooleanField()
    evaluation = serializers.IntegerField(
        source="evaluation_id", allow_null=True, help_text="the figures, once they are stored"
    )


class EvaluationsView(generics.ListAPIView):
    permission_classes = [IsAuthenticated, IsPipelineOrReviewer]
    throttle_classes = [PostThrottle]
    throttle_scope = "judge"
    serializer_class = EvaluationSerializer
    pagination_class = NewestFirst
    filterset_class = EvaluationFilter

    def get_queryset(self) -> QuerySet[Evaluation]:
        return listed_evaluations()

    @extend_schema(responses=answers({200: EvaluationSerializer(many=True)}, 400, 401, 403, 404))
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Stored evaluations by cursor, the newest first, with their single figures."""
        return super().get(request, *args, **kwargs)

    @extend_schema(
        request=NewEvaluationSerializer,
        responses=answers({202: EvaluationRunSerializer}, 400, 401, 403, 404, 429),
    )
    def post(self, request: Request) -> Response:
        """Have a worker judge a version on today's gold test set.

        How far it is, or why it failed, stands under ``evaluation-runs``; the figures appear under
        GET. The same test set again gives the same figures' row; one under way is given again.
        """
        asked = NewEvaluationSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        given = dict(asked.validated_data)
        run = request_evaluation(given.pop("version"), by=user_of(request), **given)
        return Response(EvaluationRunSerializer(run).data, status=202)


class EvaluationView(APIView):
    permission_classes = [IsAuthenticated, IsPipelineOrReviewer]

    @extend_schema(responses=answers({200: FullEvaluationSerializer}, 401, 403, 404))
    def get(self, request: Request, evaluation_id: int) -> Response:
        """One evaluation with all its figures."""
        return Response(FullEvaluationSerializer(find_evaluation(evaluation_id)).data)


class EvaluationRunsView(generics.ListAPIView):
    permission_classes = [IsAuthenticated, IsPipelineOrReviewer]
    serializer_class = EvaluationRunSerializer
    pagination_class = NewestFirst
    filterset_class = EvaluationRunFilter

    def get_queryset(self) -> QuerySet[EvaluationRun]:
        return listed_evaluation_runs()

    @extend_schema(responses=answers({200: EvaluationRunSerializer(many=True)}, 400, 401, 403, 404))
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Evaluations that were asked for, by cursor, the newest first."""
        return super().get(request, *args, **kwargs)


class EvaluationRunView(APIView):
    permission_classes = [IsAuthenticated, IsPipelineOrReviewer]

    @extend_schema(responses=answers({200: EvaluationRunSerializer}, 401, 403, 404))
    def get(self, request: Request, evaluation_run_id: int) -> Response:
        """One evaluation that was asked for: how far it is, what came of it."""
        return Response(EvaluationRunSerializer(find_evaluation_run(evaluation_run_id)).data)


class CancelEvaluationView(APIView):
    permission_classes = [IsAuthenticated, IsPipelineOrReviewer]

    @extend_schema(
        request=None, responses=answers({200: EvaluationRunSerializer}, 401, 403, 404, 409)
    )
    def post(self, request: Request, evaluation_run_id: int) -> Response:
        """Cancel an evaluation that has not ended; its worker notices within seconds.

        A pipeline may those that it asked for (else 403 ``not_yours``), a reviewer all.
        """
        cancel_evaluation(evaluation_run_id, by=user_of(request))
        return Response(EvaluationRunSerializer(find_evaluation_run(evaluation_run_id)).data)
