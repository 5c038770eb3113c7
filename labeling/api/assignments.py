"""Next: the glitches that are lent to a volunteer."""

import os
from functools import lru_cache
from typing import Any

import numpy as np
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from labeling.api.fields import PictureSerializer, PicturesSerializer
from labeling.api.permissions import IsPerson, user_of
from labeling.api.schema import answers
from labeling.models import User
from labeling.selectors.assignments import render_assignments
from labeling.services.assignments import MOST_AHEAD, next_assignments, open_levels
from labeling.throttles import AskThrottle


class NextQuerySerializer(serializers.Serializer):
    want = serializers.IntegerField(
        min_value=1, max_value=MOST_AHEAD, default=1, help_text="how many to have open"
    )
    level = serializers.IntegerField(
        min_value=1, max_value=1000, required=False, help_text="of the levels reached; all without"
    )
    afresh = serializers.BooleanField(
        default=False, help_text="with `level`: give back first what you hold of other levels"
    )


class AskedGlitchSerializer(serializers.Serializer):
    gravityspy_id = serializers.CharField()
    ifo = serializers.CharField()
    is_simulated = serializers.BooleanField()
    pictures = PictureSerializer(many=True)


class AssignmentSerializer(serializers.Serializer):
    """Never says whether the glitch is gold, nor what others or the classifier think."""

    id = serializers.IntegerField()
    question = serializers.CharField(help_text="class (which class?) or alike (like these?)")
    glitch = AskedGlitchSerializer()
    classes = serializers.ListField(
        child=serializers.CharField(), help_text="labels on offer for the question class"
    )
    references = PicturesSerializer(many=True, help_text="the examples of the question alike")
    leased_until = serializers.DateTimeField()
    level = serializers.IntegerField(allow_null=True)


class NextSerializer(serializers.Serializer):
    assignments = AssignmentSerializer(many=True)
    nothing_left = serializers.BooleanField()
    level = serializers.IntegerField(help_text="the highest level reached")
    levels = serializers.ListField(
        child=serializers.IntegerField(), help_text="the open levels reached"
    )


def lend(
    volunteer: User, want: int, level: int | None = None, afresh: bool = False
) -> dict[str, Any]:
    """The volunteer's open assignments, filled up to ``want``, as ``NextSerializer`` says."""
    rng = _rng(os.getpid())
    lent = next_assignments(volunteer, want=want, level=level, afresh=afresh, rng=rng)
    return {
        "assignments": render_assignments(lent),
        "nothing_left": not lent,
        "level": volunteer.level,
        "levels": open_levels(volunteer),
    }


@lru_cache(maxsize=1)
def _rng(_process: int) -> np.random.Generator:
    """One for the threads of a process (it locks itself); a fork must not repeat its parent."""
    return np.random.default_rng()


class NextView(APIView):
    permission_classes = [IsAuthenticated, IsPerson]
    throttle_classes = [AskThrottle]
    throttle_scope = "next"

    @extend_schema(
        parameters=[NextQuerySerializer],
        responses=answers({200: NextSerializer}, 400, 401, 403, 429),
    )
    def get(self, request: Request) -> Response:
        """Your open assignments, filled up to `want`; asked again, the same ones."""
        asked = NextQuerySerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        return Response(lend(user_of(request), **asked.validated_data))

    @extend_schema(
        operation_id="next_lease",
        request=None,
        parameters=[NextQuerySerializer],
        responses=answers({200: NextSerializer}, 400, 401, 403, 429),
    )
    def post(self, request: Request) -> Response:
        """The same as GET, for clients that will not lease by a GET."""
        return self.get(request)
