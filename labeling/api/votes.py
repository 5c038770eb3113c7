"""Votes: one answer to one assignment."""

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from labeling.api.assignments import NextSerializer, lend
from labeling.api.fields import PicturesSerializer
from labeling.api.permissions import IsPerson, user_of
from labeling.api.schema import answers
from labeling.errors import LabelingError
from labeling.models import User, Vote
from labeling.selectors.assignments import render_reference
from labeling.selectors.examples import example_of
from labeling.services.assignments import MOST_AHEAD
from labeling.services.votes import Receipt, record_vote
from labeling.throttles import PostThrottle
from labeling.visitor_throttle import VisitorThrottle


class NewVoteSerializer(serializers.Serializer):
    assignment = serializers.IntegerField(min_value=1)
    label: Any = serializers.CharField(
        max_length=64, allow_null=True, default=None, help_text="answers the question class"
    )
    alike = serializers.BooleanField(
        allow_null=True, default=None, help_text="answers the question alike"
    )
    idempotency_key = serializers.UUIDField(help_text="a new one a vote, the same for a retry")
    want = serializers.IntegerField(
        min_value=0,
        max_value=MOST_AHEAD,
        default=0,
        help_text="how many assignments to have open after the vote; 0: leave out `next`",
    )
    level = serializers.IntegerField(
        min_value=1, max_value=1000, default=None, allow_null=True, help_text="as for /next"
    )


# To make one copies every field; checking a vote changes nothing in it.
NEW_VOTE = NewVoteSerializer()


class VoteSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    label: Any = serializers.CharField(allow_null=True)
    alike = serializers.BooleanField(allow_null=True)
    created_at = serializers.DateTimeField()


class GoldAnswerSerializer(serializers.Serializer):
    """What experts say, told after the vote."""

    label: Any = serializers.CharField()
    name_shown = serializers.CharField()
    correct = serializers.BooleanField()
    description = serializers.CharField(allow_blank=True)
    example = PicturesSerializer(allow_null=True)


class ReceiptSerializer(serializers.Serializer):
    vote = VoteSerializer()
    created = serializers.BooleanField(help_text="false where the vote was recorded before")
    gold = GoldAnswerSerializer(allow_null=True, help_text="null where the glitch was not gold")
    promoted_to = serializers.IntegerField(
        allow_null=True, help_text="a level newly reached; null for a retry: `next.level` tells"
    )
    undo_seconds = serializers.FloatField(
        help_text="for how long the vote can be taken back; 0 where it stands"
    )
    next = NextSerializer(
        allow_null=True, help_text="as /next answers: a vote and the next glitch in one request"
    )


class VotesView(APIView):
    permission_classes = [IsAuthenticated, IsPerson]
    throttle_classes = [PostThrottle, VisitorThrottle]
    throttle_scope = "vote"

    @extend_schema(
        request=NewVoteSerializer,
        responses=answers(
            {200: ReceiptSerializer, 201: ReceiptSerializer}, 400, 401, 403, 404, 409, 429
        ),
    )
    def post(self, request: Request) -> Response:
        """Vote: 201 where it is new, 200 where it was recorded before."""
        given: dict[str, Any] = NEW_VOTE.run_validation(request.data)
        volunteer = user_of(request)
        receipt = record_vote(
            volunteer,
            given["assignment"],
            idempotency_key=given["idempotency_key"],
            label=given["label"],
            alike=given["alike"],
        )
        answer = render_receipt(receipt)
        answer["next"] = _lend_after(volunteer, given["want"], given["level"])
        return Response(answer, status=201 if receipt.created else 200)


def _lend_after(volunteer: User, want: int, level: int | None) -> dict[str, Any] | None:
    """The next glitches; the vote is stored by now, and no refusal here may hide that."""
    if want == 0:
        return None
    try:
        return lend(volunteer, want, level)
    except LabelingError:
        return None  # who asks /next for the same hears why


def render_receipt(receipt: Receipt) -> dict[str, Any]:
    vote = receipt.vote
    return {
        "vote": {
            "id": vote.pk,
            "label": vote.voted.label if vote.voted else None,
            "alike": vote.alike,
            "created_at": vote.created_at.isoformat(),
        },
        "created": receipt.created,
        "gold": _render_gold(receipt, vote),
        "promoted_to": receipt.promoted_to,
        "undo_seconds": receipt.undo_seconds,
    }


def _render_gold(receipt: Receipt, vote: Vote) -> dict[str, Any] | None:
    gold = receipt.gold
    if gold is None:
        return None
    example = example_of(gold, besides=vote.glitch_id)
    return {
        "label": gold.label,
        "name_shown": gold.name_shown,
        "correct": vote.voted_id == gold.pk,
        "description": _(gold.description),
        "example": render_reference(example) if example else None,
    }
