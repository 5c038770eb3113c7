"""Classes: the taxonomy, for everybody who logged in."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from labeling.api.schema import answers
from labeling.models import GlitchClass
from labeling.selectors.classes import described_classes


class ClassSerializer(serializers.Serializer):
    label: Any = serializers.CharField()
    name_shown = serializers.CharField()
    description = serializers.CharField(allow_blank=True)
    duration = serializers.CharField(allow_blank=True)
    frequency = serializers.CharField(allow_blank=True)
    evolves = serializers.CharField(allow_blank=True)
    confused_with = serializers.SerializerMethodField()
    is_none_of_the_above = serializers.BooleanField()
    valid_from = serializers.DateTimeField()
    valid_to = serializers.DateTimeField(allow_null=True)
    levels = serializers.SerializerMethodField()

    def get_confused_with(self, glitch_class: GlitchClass) -> list[str]:
        return [twin.label for twin in glitch_class.confused_with.all()]

    def get_levels(self, glitch_class: GlitchClass) -> list[int]:
        return [workflow.level for workflow in glitch_class.workflow_set.all()]


class ClassesView(APIView):
    @extend_schema(
        operation_id="classes_list", responses=answers({200: ClassSerializer(many=True)}, 401)
    )
    def get(self, request: Request) -> Response:
        """All classes with their traits, twins and the levels that offer them."""
        return Response(ClassSerializer(described_classes(), many=True).data)
