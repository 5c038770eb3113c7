"""The field guide: each class, what it looks like and what it is confused with."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_safe

from labeling.selectors.examples import SHOWN_EACH
from labeling.selectors.guide import GuideEntry, field_guide
from labeling.selectors.looks import somebody_answers
from labeling.templatetags.nota import nearest


@gzip_page
@require_safe
def guide(request: HttpRequest) -> HttpResponse:
    entries = field_guide(examples=SHOWN_EACH)
    _show_twins(entries)
    context = {"guide": entries, "may_ask": somebody_answers()}
    return render(request, "pages/guide.html", context)


def _show_twins(entries: list[GuideEntry]) -> None:
    """Beside the name of each twin its picture, so that the two can be compared at a glance."""
    pictures: dict[str, Any] = {
        entry.label: nearest(entry.examples[0]["pictures"], entry.look_at)
        for entry in entries
        if entry.examples
    }
    for entry in entries:
        for twin in entry.twins:
            twin["picture"] = pictures.get(twin["label"])
