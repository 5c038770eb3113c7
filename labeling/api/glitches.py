"""Glitches: pushed by pipelines, one or many, and read with all that is known of them."""

import json
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import generics, serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from labeling.api.fields import PictureSerializer, PicturesField
from labeling.api.filters import GlitchFilter
from labeling.api.pagination import OldestFirst
from labeling.api.permissions import IsPipelineOrReviewer, user_of
from labeling.api.predictions import PredictionSerializer
from labeling.api.schema import answers
from labeling.api.uploads import (
    BulkParser,
    BulkSerializer,
    MetadataSerializer,
    NewGlitchSerializer,
    new_glitch,
    new_glitches,
)
from labeling.models import Glitch
from labeling.selectors.glitches import find_glitch, listed_glitches
from labeling.services.bulk_imports import ImportReport, import_glitches
from labeling.services.imports import import_glitch


class GoldSerializer(serializers.Serializer):
    label: Any = serializers.CharField(source="glitch_class.label")
    split = serializers.CharField(help_text="train, validation or test")
    origin = serializers.CharField(help_text="expert or batch")


class ConsensusSerializer(serializers.Serializer):
    label: Any = serializers.CharField(source="top_class.label")
    agreement = serializers.FloatField(source="top_agreement")
    votes = serializers.IntegerField(source="votes_count")
    rule = serializers.CharField()
    model_version = serializers.IntegerField(
        source="model_version.number", allow_null=True, default=None
    )


class FullConsensusSerializer(ConsensusSerializer):
    agreements = serializers.SerializerMethodField(help_text="the agreement on every class")

    def get_agreements(self, consensus: Any) -> dict[str, float]:
        return dict(zip(consensus.class_list.labels, consensus.agreement, strict=True))


@extend_schema_field(PictureSerializer(many=True))
class Pictures(PicturesField):
    pass


class GlitchSerializer(serializers.Serializer):
    gravityspy_id = serializers.CharField()
    ifo = serializers.CharField()
    event_time = serializers.FloatField(allow_null=True, help_text="GPS seconds")
    peak_frequency = serializers.FloatField(allow_null=True, help_text="Hz")
    snr = serializers.FloatField(allow_null=True)
    is_simulated = serializers.BooleanField()
    is_reserved = serializers.BooleanField()
    level = serializers.IntegerField(source="workflow.level", allow_null=True, default=None)
    votes_count = serializers.IntegerField()
    visitor_votes = serializers.IntegerField(help_text="those cast without an account")
    retired_at = serializers.DateTimeField(allow_null=True)
    retire_reason = serializers.CharField(allow_blank=True)
    gold = serializers.SerializerMethodField()
    consensus = ConsensusSerializer(allow_null=True, default=None)
    pictures = Pictures()

    @extend_schema_field(GoldSerializer(allow_null=True))
    def get_gold(self, glitch: Glitch) -> dict[str, Any] | None:
        gold = next(iter(glitch.gold_labels.all()), None)
        return GoldSerializer(gold).data if gold else None


class FullGlitchSerializer(GlitchSerializer):
    consensus = FullConsensusSerializer(allow_null=True, default=None)
    predictions = PredictionSerializer(many=True)


class BadFileSerializer(serializers.Serializer):
    name = serializers.CharField()
    code = serializers.CharField()
    message = serializers.CharField()


class ImportReportSerializer(serializers.Serializer):
    imported = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    bad = BadFileSerializer(many=True)


class GlitchesView(generics.ListAPIView):
    permission_classes = [IsAuthenticated, IsPipelineOrReviewer]
    parser_classes = [MultiPartParser]
    serializer_class = GlitchSerializer
    pagination_class = OldestFirst
    filterset_class = GlitchFilter

    def get_queryset(self) -> QuerySet[Glitch]:
        return listed_glitches()

    @extend_schema(responses=answers({200: GlitchSerializer(many=True)}, 400, 401, 403, 404))
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Glitches by cursor, the oldest import first."""
        return super().get(request, *args, **kwargs)

    @extend_schema(
        request={"multipart/form-data": NewGlitchSerializer},
        responses=answers(
            {200: FullGlitchSerializer, 201: FullGlitchSerializer}, 400, 401, 403, 409, 413, 503
        ),
    )
    def post(self, request: Request) -> Response:
        """Push one glitch: 201 where it is new, 200 where it is stored already."""
        new = new_glitch(request.data, request.FILES)
        glitch, created = import_glitch(new, by=user_of(request))
        body = FullGlitchSerializer(find_glitch(glitch.gravityspy_id)).data
        return Response(body, status=201 if created else 200)


class GlitchesBulkView(APIView):
    permission_classes = [IsAuthenticated, IsPipelineOrReviewer]
    parser_classes = [BulkParser]

    @extend_schema(
        operation_id="glitches_bulk",
        request={"multipart/form-data": BulkSerializer},
        responses=answers({200: ImportReportSerializer}, 400, 401, 403, 413, 503),
    )
    def post(self, request: Request) -> Response:
        """Push many: the sound ones are imported, the bad ones listed with their reason."""
        files = [file for _, sent in request.FILES.lists() for file in sent]
        report = ImportReport()
        makes = new_glitches(files, _metadata(request), report)
        for _glitch in import_glitches(makes, by=user_of(request), report=report):
            pass
        bad = [dict(zip(("name", "code", "message"), one, strict=True)) for one in report.bad]
        body = {"imported": report.imported, "unchanged": report.unchanged, "bad": bad}
        return Response(body)


def _metadata(request: Request) -> list[dict[str, Any]]:
    """The field ``metadata`` checked whole, before anything is imported."""
    try:
        listed = json.loads(request.POST.get("metadata") or "[]")
    except (ValueError, RecursionError) as error:
        raise serializers.ValidationError({"metadata": [f"This is no JSON: {error}"]}) from error
    checked = MetadataSerializer(data=listed, many=True)
    if not checked.is_valid():
        raise serializers.ValidationError({"metadata": checked.errors})
    return list(checked.validated_data)


class GlitchView(APIView):
    permission_classes = [IsAuthenticated, IsPipelineOrReviewer]

    @extend_schema(responses=answers({200: FullGlitchSerializer}, 401, 403, 404))
    def get(self, request: Request, gravityspy_id: str) -> Response:
        """One glitch with its consensus, gold label, predictions and pictures."""
        return Response(FullGlitchSerializer(find_glitch(gravityspy_id)).data)
