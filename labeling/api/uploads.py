"""Uploads: multipart requests made into glitches to import; nothing is stored here."""

import html
import re
from collections.abc import Callable, Mapping
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.http.multipartparser import MultiPartParser as DjangoParser
from django.http.multipartparser import MultiPartParserError
from rest_framework import serializers
from rest_framework.exceptions import ParseError
from rest_framework.parsers import DataAndFiles, MultiPartParser

from labeling.api.fields import FiniteField
from labeling.errors import LabelingError
from labeling.services.bulk_imports import ImportReport
from labeling.services.imports import NewGlitch
from ml.errors import MLError
from ml.pictures import DURATIONS, MAX_BYTES, PictureName, parse_picture_name

PREFIX = "picture_"


class MetadataSerializer(serializers.Serializer):
    """What is known of a glitch besides its pictures."""

    gravityspy_id = serializers.CharField(max_length=32)
    event_time = FiniteField(
        default=None, allow_null=True, help_text="GPS seconds, from 0 to 5e9 (not nanoseconds)"
    )
    peak_frequency = FiniteField(default=None, allow_null=True, min_value=0, help_text="Hz")
    snr = FiniteField(default=None, allow_null=True, min_value=0)
    gold_label = serializers.CharField(
        default=None, allow_null=True, max_length=64, help_text="the label of a class"
    )
    is_simulated = serializers.BooleanField(default=False)
    is_reserved = serializers.BooleanField(
        default=False, help_text="kept for evaluation: never voted on, never trained on"
    )


class NewGlitchSerializer(MetadataSerializer):
    ifo = serializers.CharField(max_length=8, help_text="H1, L1 or V1")

    def get_fields(self) -> dict[str, Any]:
        return {**super().get_fields(), **picture_fields()}


def picture_fields() -> dict[str, serializers.Field]:
    """A field for the picture of each duration, as a form describes them."""
    return {
        f"{PREFIX}{duration}": serializers.FileField(
            required=False, help_text=f"PNG or JPEG of {duration} s; one of the four at least"
        )
        for duration in DURATIONS
    }


class BulkSerializer(serializers.Serializer):
    files = serializers.ListField(
        child=serializers.FileField(),
        help_text="pictures named {ifo}_{id}_spectrogram_{duration}.png",
    )
    metadata = MetadataSerializer(
        many=True, required=False, help_text="one a glitch, found by its gravityspy_id"
    )


class _KeepsPathTricks(DjangoParser):
    """Django cuts a path off a file's name in silence; here it stays recognisable."""

    def sanitize_file_name(self, file_name: str) -> str | None:
        return super().sanitize_file_name(re.sub(r"[/\\]", "..", html.unescape(file_name)))


class BulkParser(MultiPartParser):
    """Multipart whose files keep names that hold a path, so that they are refused by name."""

    def parse(
        self,
        stream: Any,
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> DataAndFiles:
        request = (parser_context or {})["request"]
        meta = {**request.META, "CONTENT_TYPE": media_type}
        try:
            parser = _KeepsPathTricks(meta, stream, request.upload_handlers, request.encoding)
            return DataAndFiles(*parser.parse())
        except MultiPartParserError as error:
            raise ParseError(f"The multipart form cannot be read: {error}") from error


def read_upload(file: UploadedFile) -> bytes:
    """The file's bytes, at most one more than a picture may have: the check then says so."""
    file.seek(0)
    data: bytes = file.read(MAX_BYTES + 1)
    return data


def new_glitch(data: Any, files: Mapping[str, UploadedFile]) -> NewGlitch:
    """One glitch from a form. Raises ValidationError, LabelingError ``unknown_duration``."""
    asked = NewGlitchSerializer(data=data)
    asked.is_valid(raise_exception=True)
    given = {k: v for k, v in asked.validated_data.items() if not k.startswith(PREFIX)}
    return NewGlitch(pictures=read_pictures(files), **given)


def read_pictures(files: Mapping[str, UploadedFile]) -> dict[float, bytes]:
    """Pictures by the seconds that they span. Raises LabelingError ``unknown_duration``."""
    return {_duration_of(field): read_upload(file) for field, file in files.items()}


def _duration_of(field: str) -> float:
    known = {f"{PREFIX}{duration}": duration for duration in DURATIONS}
    if field not in known:
        raise LabelingError(
            f"A picture came in the field {field!r}; send it in one of {', '.join(known)}, by the "
            "seconds that it spans.",
            code="unknown_duration",
            field=field,
        )
    return known[field]


def new_glitches(
    files: list[UploadedFile], metadata: list[dict[str, Any]], report: ImportReport
) -> list[Callable[[], NewGlitch]]:
    """Glitches to make from files by their names; files of a bad name are listed in ``report``.

    A file is read only when its glitch is made. Raises LabelingError ``no_picture`` where there
    is no file at all.
    """
    if not files:
        raise LabelingError("The request holds no file; send at least one.", code="no_picture")
    found: dict[tuple[str, str], dict[float, UploadedFile]] = {}
    for file in files:
        name = _name_of(file, report)
        if name is None:
            continue
        of_glitch = found.setdefault((name.ifo, name.gravityspy_id), {})
        if name.duration in of_glitch:
            message = f"{file.name} came twice in one request; the first one counts."
            report.bad.append((file.name or "", "picture_sent_twice", message))
            continue
        of_glitch[name.duration] = file
    facts = {fact["gravityspy_id"]: fact for fact in metadata}
    _list_unmatched(facts, {gravityspy_id for _, gravityspy_id in found}, report)
    return [
        _later(ifo, gravityspy_id, of_glitch, facts.get(gravityspy_id, {}))
        for (ifo, gravityspy_id), of_glitch in found.items()
    ]


def _name_of(file: UploadedFile, report: ImportReport) -> PictureName | None:
    try:
        return parse_picture_name(file.name or "")
    except MLError as error:
        report.bad.append((file.name or "", error.code, str(error)))
        return None


def _list_unmatched(facts: Mapping[str, Any], sent: set[str], report: ImportReport) -> None:
    for gravityspy_id in facts:
        if gravityspy_id not in sent:
            message = f"Metadata came for {gravityspy_id}, but no picture that can be imported."
            report.bad.append((gravityspy_id, "no_picture", message))


def _later(
    ifo: str, gravityspy_id: str, files: Mapping[float, UploadedFile], facts: Mapping[str, Any]
) -> Callable[[], NewGlitch]:
    def make() -> NewGlitch:
        pictures = {duration: read_upload(file) for duration, file in files.items()}
        known = {**facts, "gravityspy_id": gravityspy_id}
        return NewGlitch(ifo=ifo, pictures=pictures, **known)

    return make
