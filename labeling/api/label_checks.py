"""Label checks: the search of all labels for those that are probably wrong."""

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
from labeling.api.training_runs import RunSerializer
from labeling.models import LabelCheck
from labeling.selectors.label_issues import find_label_check, listed_label_checks
from labeling.services.cancelling import cancel_label_check
from labeling.services.label_issues import MOST_REPEATS, REPEATS, request_label_check
from labeling.throttles import PostThrottle


class LabelCheckSerializer(RunSerializer):
    judged = serializers.IntegerField(allow_null=True, help_text="labels looked at")
    found = serializers.IntegerField(allow_null=True, help_text="labels put into the queue")


class NewLabelCheckSerializer(serializers.Serializer):
    reason = serializers.CharField(max_length=200, default="asked for over the API")
    repeats = serializers.IntegerField(
        min_value=1,
        max_value=MOST_REPEATS,
        allow_null=True,
        default=None,
        help_text=f"splits to average over; left out: {REPEATS}, or those of the one under way",
    )


class LabelChecksView(generics.ListAPIView):
    permission_classes = [IsAuthenticated, IsPipelineOrReviewer]
    throttle_classes = [PostThrottle]
    throttle_scope = "judge"
    serializer_class = LabelCheckSerializer
    pagination_class = NewestFirst
    filter_backends: list[Any] = []

    def get_queryset(self) -> QuerySet[LabelCheck]:
        return listed_label_checks()

    @extend_schema(responses=answers({200: LabelCheckSerializer(many=True)}, 401, 403, 404))
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Label checks by cursor, the newest first."""
        return super().get(request, *args, **kwargs)

    @extend_schema(
        request=NewLabelCheckSerializer,
        responses=answers({201: LabelCheckSerializer}, 400, 401, 403, 409, 429),
    )
    def post(self, request: Request) -> Response:
        """Ask for a search of all labels; the one under way is given where there is one.

        409 where that one has other repeats.
        """
        asked = NewLabelCheckSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        run = request_label_check(user_of(request), **asked.validated_data)
        return Response(LabelCheckSerializer(find_label_check(run.pk)).data, status=201)


class LabelCheckView(APIView):
    permission_classes = [IsAuthenticated, IsPipelineOrReviewer]

    @extend_schema(responses=answers({200: LabelCheckSerializer}, 401, 403, 404))
    def get(self, request: Request, label_check_id: int) -> Response:
        """One label check with its progress and what it found."""
        return Response(LabelCheckSerializer(find_label_check(label_check_id)).data)


class CancelLabelCheckView(APIView):
    permission_classes = [IsAuthenticated, IsPipelineOrReviewer]

    @extend_schema(request=None, responses=answers({200: LabelCheckSerializer}, 401, 403, 404, 409))
    def post(self, request: Request, label_check_id: int) -> Response:
        """Cancel a label check that has not ended; its worker notices within seconds.

        A pipeline may those that it asked for (else 403 ``not_yours``), a reviewer all.
        """
        cancel_label_check(label_check_id, by=user_of(request))
        return Response(LabelCheckSerializer(find_label_check(label_check_id)).data)
