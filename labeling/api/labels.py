"""Labels: the export as CSV, streamed."""

import csv
from collections.abc import Iterable, Iterator
from typing import Any

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.permissions import IsAuthenticated
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from labeling.api.permissions import IsPipelineOrReviewer
from labeling.api.schema import answers
from labeling.selectors.labels import COLUMNS, ORIGINS, label_rows


class LabelsQuerySerializer(serializers.Serializer):
    origin = serializers.ChoiceField(ORIGINS, required=False, help_text="both without")


class Echo:
    """A file that keeps nothing: ``csv.writer`` returns what ``write`` returns."""

    def write(self, line: str) -> str:
        return line


class AnyAccept(BaseContentNegotiation):
    """CSV for whoever asks, refusals as JSON: curl and spreadsheets send many an Accept."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser:
        return next(iter(parsers))

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        return renderers[0], renderers[0].media_type


class LabelsView(APIView):
    permission_classes = [IsAuthenticated, IsPipelineOrReviewer]
    content_negotiation_class = AnyAccept

    @extend_schema(
        parameters=[LabelsQuerySerializer],
        responses={(200, "text/csv"): OpenApiTypes.STR, **answers({}, 400, 401, 403)},
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        """Every settled glitch as a row of CSV; an empty label says "no consensus"."""
        asked = LabelsQuerySerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        return StreamingHttpResponse(
            _lines(asked.validated_data.get("origin")),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": 'attachment; filename="labels.csv"'},
        )


def _lines(origin: str | None) -> Iterator[str]:
    writer = csv.writer(Echo())
    yield writer.writerow(COLUMNS)
    for row in label_rows(origin):
        yield writer.writerow(row)
