"""Predictions: what each model version says of each glitch."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from labeling.api.filters import PredictionFilter
from labeling.api.pagination import OldestFirst
from labeling.api.permissions import IsPipelineOrReviewer
from labeling.api.schema import answers
from labeling.models import Prediction
from labeling.selectors.glitches import listed_predictions


class PredictionSerializer(serializers.Serializer):
    gravityspy_id = serializers.CharField(source="glitch.gravityspy_id")
    model_version = serializers.IntegerField(source="model_version.number")
    label: Any = serializers.CharField(source="top_class.label")
    confidence = serializers.FloatField()
    is_trusted = serializers.SerializerMethodField(
        help_text="confidence reaches the class's threshold; null where the class has none"
    )
    novelty = serializers.FloatField(allow_null=True)
    probabilities = serializers.SerializerMethodField()

    def get_is_trusted(self, prediction: Prediction) -> bool | None:
        thresholds = prediction.model_version.metrics.get("thresholds", {})
        threshold = thresholds.get(prediction.top_class.label)
        return None if threshold is None else prediction.confidence >= threshold

    def get_probabilities(self, prediction: Prediction) -> dict[str, float]:
        class_list = prediction.model_version.class_list
        labels = class_list.labels if class_list else []
        return dict(zip(labels, prediction.probabilities, strict=True))


class PredictionsView(generics.ListAPIView):
    permission_classes = [IsAuthenticated, IsPipelineOrReviewer]
    serializer_class = PredictionSerializer
    pagination_class = OldestFirst
    filterset_class = PredictionFilter

    def get_queryset(self) -> QuerySet[Prediction]:
        return listed_predictions()

    @extend_schema(responses=answers({200: PredictionSerializer(many=True)}, 400, 401, 403, 404))
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Predictions by cursor; `version` is a classifier's number."""
        return super().get(request, *args, **kwargs)
