"""Looks: what a classifier says of a glitch or of pictures, and where it sees it."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.parsers import JSONParser, MultiPartParser
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from labeling.api.fields import MOST, PictureSerializer
from labeling.api.permissions import IsPipelineOrReviewer, user_of
from labeling.api.schema import answers
from labeling.api.uploads import picture_fields, read_pictures
from labeling.errors import LabelingError
from labeling.models import Look, ModelVersion, User
from labeling.selectors.glitches import find_glitch
from labeling.selectors.looks import describe_look, find_look
from labeling.selectors.versions import find_version
from labeling.services.looks import request_look, request_look_at
from labeling.throttles import PostThrottle


class ShareSerializer(serializers.Serializer):
    label: Any = serializers.CharField()
    probability = serializers.FloatField()


class AlikeSerializer(serializers.Serializer):
    gravityspy_id = serializers.CharField()
    label: Any = serializers.CharField()
    distance = serializers.FloatField(help_text="of the embeddings")


class LookSerializer(serializers.Serializer):
    key = serializers.UUIDField()
    state = serializers.CharField(help_text="requested, running, succeeded or failed")
    stage = serializers.CharField(allow_blank=True)
    progress = serializers.FloatField(help_text="from 0 to 1")
    error_code = serializers.CharField(allow_blank=True)
    error = serializers.CharField(allow_blank=True)
    gravityspy_id = serializers.CharField(allow_null=True, help_text="null: of pictures sent")
    version = serializers.IntegerField(
        allow_null=True, help_text="the classifier; null until the one in use has answered"
    )
    label: Any = serializers.CharField(
        allow_blank=True, help_text="of which class the heat was wanted; empty: of the likeliest"
    )
    classes = ShareSerializer(many=True, help_text="all that it knows, the likeliest first")
    novelty = serializers.FloatField(allow_null=True, help_text="above 1: of none of them, perhaps")
    explained = serializers.CharField(allow_blank=True, help_text="the class of the heat")
    pictures = PictureSerializer(many=True)
    heat = PictureSerializer(
        many=True, help_text="PNGs to lay over the pictures: red where it sees that class"
    )
    no_heat = serializers.CharField(
        allow_blank=True,
        help_text="why there is none: nothing (in the pictures speaks for the class), or no_maps "
        "(the network cannot be taken apart into such)",
    )
    alike = AlikeSerializer(many=True, help_text="settled glitches nearest to it")
    no_alike = serializers.CharField(
        allow_blank=True,
        help_text="why there are none: no_search (they come with the next search for new "
        "classes), none_near, or failed (the log of the worker says why)",
    )
    created_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)
    expires_at = serializers.DateTimeField(help_text="then it is deleted, pictures and answer")

    def to_representation(self, instance: Look) -> dict[str, Any]:
        return describe_look(instance)


class AskedSerializer(serializers.Serializer):
    version = serializers.IntegerField(
        min_value=1,
        max_value=MOST,
        allow_null=True,
        default=None,
        help_text="a classifier; left out: the one in use",
    )
    label: Any = serializers.CharField(
        max_length=64,
        allow_blank=True,
        default="",
        help_text="of which class the heat is wanted; left out: of the likeliest",
    )


class LookAtGlitchSerializer(AskedSerializer):
    gravityspy_id = serializers.CharField(max_length=32)


class LookAtPicturesSerializer(AskedSerializer):
    def get_fields(self) -> dict[str, Any]:
        return {**super().get_fields(), **picture_fields()}


class LooksView(APIView):
    permission_classes = [IsAuthenticated, IsPipelineOrReviewer]
    throttle_classes = [PostThrottle]
    throttle_scope = "look"
    parser_classes = [JSONParser, MultiPartParser]

    @extend_schema(
        request={
            "application/json": LookAtGlitchSerializer,
            "multipart/form-data": LookAtPicturesSerializer,
        },
        responses=answers({201: LookSerializer}, 400, 401, 403, 404, 409, 413, 429, 503),
    )
    def post(self, request: Request) -> Response:
        """Ask a worker what a glitch of this site is, or what one to four pictures show.

        The answer appears under GET; the same question about a glitch again gives the same row.
        Pictures sent are deleted after a day.
        """
        ask = _ask_about_pictures if request.FILES else _ask_about_glitch
        look = ask(request, user_of(request))
        return Response(LookSerializer(find_look(look.key)).data, status=201)


def _ask_about_pictures(request: Request, by: User) -> Look:
    if "gravityspy_id" in request.data:
        raise LabelingError(
            "Name a glitch or send pictures, not both: they are two questions.",
            code="glitch_and_pictures",
        )
    asked = AskedSerializer(data=request.data)
    asked.is_valid(raise_exception=True)
    return request_look(read_pictures(request.FILES), by=by, **_wanted(asked))


def _ask_about_glitch(request: Request, by: User) -> Look:
    asked = LookAtGlitchSerializer(data=request.data)
    asked.is_valid(raise_exception=True)
    glitch = find_glitch(asked.validated_data["gravityspy_id"])
    return request_look_at(glitch, by=by, **_wanted(asked))


def _wanted(asked: AskedSerializer) -> dict[str, Any]:
    number, label = asked.validated_data["version"], asked.validated_data["label"]
    version = None if number is None else find_version(ModelVersion.Role.CLASSIFIER, number)
    return {"version": version, "label": label}


class LookView(APIView):
    permission_classes = [IsAuthenticated, IsPipelineOrReviewer]

    @extend_schema(responses=answers({200: LookSerializer}, 401, 403, 404))
    def get(self, request: Request, key: UUID) -> Response:
        """One look: its progress, then classes, heat maps and look-alikes."""
        return Response(LookSerializer(find_look(key)).data)
