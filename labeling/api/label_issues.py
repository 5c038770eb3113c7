"""Label issues: the queue of labels in doubt, decided by experts, and taken back."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from labeling.api.filters import LabelIssueFilter
from labeling.api.pagination import NewestFirst
from labeling.api.permissions import IsPipelineOrReviewer, IsReviewer, user_of
from labeling.api.schema import answers
from labeling.models import GlitchClass, LabelIssue
from labeling.selectors.label_issues import find_issue, listed_issues
from labeling.services.label_issues import decide_issue, undo_issue


class LabelIssueSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    label_check = serializers.IntegerField(source="label_check_id")
    gravityspy_id = serializers.CharField(source="glitch.gravityspy_id")
    origin = serializers.CharField(help_text="of the label: gold or consensus")
    given: Any = serializers.CharField(source="given_class.label", help_text="the label in doubt")
    suggested = serializers.CharField(source="suggested_class.label")
    given_probability = serializers.FloatField(help_text="by classifiers that had not seen it")
    suggested_probability = serializers.FloatField()
    misread = serializers.FloatField(help_text="share of the repeats that read another class")
    state = serializers.CharField(
        help_text="open, agreed, disagreed, relabeled; withdrawn: a later search has no doubt"
    )
    answer = serializers.CharField(
        source="answer.label", allow_null=True, default=None, help_text="the class given instead"
    )
    decided_by = serializers.CharField(source="decided_by.username", allow_null=True, default=None)
    decided_at = serializers.DateTimeField(allow_null=True)


class IssueDecisionSerializer(serializers.Serializer):
    label: Any = serializers.SlugRelatedField(
        slug_field="label",
        queryset=GlitchClass.objects.filter(valid_to__isnull=True),
        allow_null=True,
        error_messages={
            "does_not_exist": "There is no class {value} in use; GET /api/v1/classes lists them."
        },
        help_text="the class that the glitch is; null where its label stands",
    )


class LabelIssuesView(generics.ListAPIView):
    permission_classes = [IsAuthenticated, IsPipelineOrReviewer]
    serializer_class = LabelIssueSerializer
    pagination_class = NewestFirst
    filterset_class = LabelIssueFilter

    def get_queryset(self) -> QuerySet[LabelIssue]:
        return listed_issues()

    @extend_schema(responses=answers({200: LabelIssueSerializer(many=True)}, 400, 401, 403, 404))
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Labels in doubt by cursor, the newest doubt first; ``state=open`` is the queue."""
        return super().get(request, *args, **kwargs)


class LabelIssueView(APIView):
    permission_classes = [IsAuthenticated, IsPipelineOrReviewer]

    @extend_schema(responses=answers({200: LabelIssueSerializer}, 401, 403, 404))
    def get(self, request: Request, issue_id: int) -> Response:
        """One doubt, and what was decided."""
        return Response(LabelIssueSerializer(find_issue(issue_id)).data)


class DecideIssueView(APIView):
    permission_classes = [IsAuthenticated, IsReviewer]

    @extend_schema(
        request=IssueDecisionSerializer,
        responses=answers({200: LabelIssueSerializer}, 400, 401, 403, 404, 409),
    )
    def post(self, request: Request, issue_id: int) -> Response:
        """Say what the glitch is: the suggested class, another one, or null where its label stands.

        A wrong gold label is given the class anew and keeps its split; a wrong consensus is
        overruled by a gold label. 409 where the doubt is settled or the label was changed.
        """
        asked = IssueDecisionSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        decide_issue(issue_id, by=user_of(request), answer=asked.validated_data["label"])
        return Response(LabelIssueSerializer(find_issue(issue_id)).data)


class UndoIssueView(APIView):
    permission_classes = [IsAuthenticated, IsReviewer]

    @extend_schema(request=None, responses=answers({200: LabelIssueSerializer}, 401, 403, 404, 409))
    def post(self, request: Request, issue_id: int) -> Response:
        """Take a decision back: the label is as it was, and the doubt waits again."""
        undo_issue(issue_id, by=user_of(request))
        return Response(LabelIssueSerializer(find_issue(issue_id)).data)
