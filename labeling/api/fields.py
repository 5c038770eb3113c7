"""Serializer fields that say more than DRF's own."""

import math
from typing import Any

from rest_framework import serializers

from labeling.selectors.pictures import render_pictures

MOST = 2**31 - 1


class FiniteField(serializers.FloatField):
    """A number that JSON can say: neither NaN nor infinite."""

    default_error_messages = {"not_finite": "This is not a finite number."}

    def to_internal_value(self, data: Any) -> float:
        value = float(super().to_internal_value(data))
        if not math.isfinite(value):
            self.fail("not_finite")
        return value


class PictureSerializer(serializers.Serializer):
    """One spectrogram: the seconds it spans, its address, its size in pixels."""

    duration = serializers.FloatField()
    url = serializers.CharField()
    width = serializers.IntegerField()
    height = serializers.IntegerField()


class PicturesSerializer(serializers.Serializer):
    """A glitch shown as an example."""

    gravityspy_id = serializers.CharField()
    pictures = PictureSerializer(many=True)


class PicturesField(serializers.Field):
    """A glitch's pictures, rendered where the pages render them too."""

    def __init__(self, **options: Any) -> None:
        super().__init__(source="*", read_only=True, **options)

    def to_representation(self, value: Any) -> list[dict[str, Any]]:
        return render_pictures(value)
