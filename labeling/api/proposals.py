"""Proposals: what a reviewer sees of a suggested class, and decides."""

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from labeling.api.fields import PictureSerializer, PicturesSerializer
from labeling.api.filters import ProposalFilter
from labeling.api.pagination import NewestFirst
from labeling.api.permissions import IsPipelineOrReviewer, IsReviewer, user_of
from labeling.api.schema import answers
from labeling.models import Proposal, User
from labeling.selectors.proposals import (
    find_proposal,
    listed_proposals,
    render_proposal,
    render_proposal_in_full,
)
from labeling.services import proposals as services


class BatchProgressSerializer(serializers.Serializer):
    """Members and neighbours are counted; decoys only measure the volunteers."""

    state = serializers.CharField(help_text="open or closed")
    total = serializers.IntegerField()
    decided = serializers.IntegerField()
    open = serializers.IntegerField()
    votes = serializers.IntegerField()
    confirmed = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    closed_at = serializers.DateTimeField(allow_null=True)


class ProposalSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    state = serializers.CharField(help_text="proposed, in_vote, accepted, rejected or merged")
    name = serializers.CharField(allow_blank=True)
    description = serializers.CharField(allow_blank=True)
    method = serializers.CharField(help_text="kmeans or hdbscan")
    size = serializers.IntegerField()
    cohesion = serializers.FloatField()
    stability = serializers.FloatField()
    nearest_class = serializers.CharField(allow_null=True)
    nearest_distance = serializers.FloatField(allow_null=True)
    first_seen = serializers.FloatField(allow_null=True, help_text="GPS seconds")
    last_seen = serializers.FloatField(allow_null=True, help_text="GPS seconds")
    counts_by_ifo = serializers.DictField(child=serializers.IntegerField())
    counts_by_week = serializers.DictField(
        child=serializers.IntegerField(), help_text="GPS second of the week's begin -> glitches"
    )
    evidence = serializers.CharField()
    discovery_run = serializers.IntegerField()
    merged_into = serializers.IntegerField(allow_null=True)
    born_class = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    medoids = PicturesSerializer(many=True)
    batch = BatchProgressSerializer(allow_null=True)

    def to_representation(self, instance: Proposal) -> dict[str, Any]:
        return render_proposal(instance)


class MemberSerializer(serializers.Serializer):
    """A glitch of the cluster, or one that the batch added: then it has no distance."""

    gravityspy_id = serializers.CharField()
    ifo = serializers.CharField()
    event_time = serializers.FloatField(allow_null=True)
    is_simulated = serializers.BooleanField()
    pictures = PictureSerializer(many=True)
    distance = serializers.FloatField(allow_null=True, help_text="to the centre of the cluster")
    is_medoid = serializers.BooleanField()
    part = serializers.CharField(
        allow_null=True, help_text="in the batch: member, neighbour or decoy"
    )
    votes = serializers.IntegerField()
    belongs = serializers.FloatField(allow_null=True, help_text="probability, by the votes")
    confirmed = serializers.BooleanField(allow_null=True, help_text="null while undecided")


class ProposalEventSerializer(serializers.Serializer):
    from_state = serializers.CharField(allow_blank=True)
    to_state = serializers.CharField()
    by = serializers.CharField(allow_null=True)
    by_is_simulated = serializers.BooleanField()
    reason = serializers.CharField(allow_blank=True)
    at = serializers.DateTimeField()


class FullProposalSerializer(ProposalSerializer):
    members = MemberSerializer(many=True)
    events = ProposalEventSerializer(many=True)

    def to_representation(self, instance: Proposal) -> dict[str, Any]:
        return render_proposal_in_full(instance)


class DecisionSerializer(serializers.Serializer):
    decision = serializers.ChoiceField(["vote", "reject", "merge", "rename", "close", "accept"])
    name = serializers.CharField(
        max_length=64, default="", allow_blank=True, help_text="of the class; for vote and rename"
    )
    description = serializers.CharField(
        max_length=1000,
        default="",
        allow_blank=True,
        help_text="what the class looks like, for the field guide; for vote and accept",
    )
    reason = serializers.CharField(
        max_length=2000, default="", allow_blank=True, help_text="required to reject"
    )
    into = serializers.IntegerField(
        min_value=1, default=0, help_text="the proposal that takes the members; for merge"
    )


class ProposalsView(generics.ListAPIView):
    permission_classes = [IsAuthenticated, IsPipelineOrReviewer]
    serializer_class = ProposalSerializer
    pagination_class = NewestFirst
    filterset_class = ProposalFilter

    def get_queryset(self) -> QuerySet[Proposal]:
        return listed_proposals()

    @extend_schema(responses=answers({200: ProposalSerializer(many=True)}, 400, 401, 403, 404))
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Proposals by cursor, the newest first."""
        return super().get(request, *args, **kwargs)


class ProposalView(APIView):
    permission_classes = [IsAuthenticated, IsPipelineOrReviewer]

    @extend_schema(responses=answers({200: FullProposalSerializer}, 401, 403, 404))
    def get(self, request: Request, proposal_id: int) -> Response:
        """One proposal with its members, its batch and what was decided by whom."""
        return Response(FullProposalSerializer(find_proposal(proposal_id)).data)


Given = dict[str, Any]
DECIDE: dict[str, Callable[[int, User, Given], object]] = {
    "vote": lambda pk, by, given: services.accept_for_vote(
        pk,
        name=given["name"],
        by=by,
        description=given["description"],
        reason=given["reason"],
    ),
    "reject": lambda pk, by, given: services.reject_proposal(pk, by=by, reason=given["reason"]),
    "merge": lambda pk, by, given: services.merge_proposal(
        pk, into=given["into"], by=by, reason=given["reason"]
    ),
    "rename": lambda pk, by, given: services.rename_proposal(pk, name=given["name"], by=by),
    "close": lambda pk, by, given: services.close_vote(pk, by=by, reason=given["reason"]),
    "accept": lambda pk, by, given: services.accept_proposal(
        pk, by=by, description=given["description"], reason=given["reason"]
    ),
}


class DecideView(APIView):
    permission_classes = [IsAuthenticated, IsReviewer]

    @extend_schema(
        request=DecisionSerializer,
        responses=answers({200: FullProposalSerializer}, 400, 401, 403, 404, 409),
    )
    def post(self, request: Request, proposal_id: int) -> Response:
        """Decide: to the volunteers, reject, merge, rename, or accept after their vote."""
        asked = DecisionSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        given: Given = asked.validated_data
        DECIDE[given["decision"]](proposal_id, user_of(request), given)
        return Response(FullProposalSerializer(find_proposal(proposal_id)).data)
