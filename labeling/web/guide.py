"""The field guide: each class, what it looks like and what it is confused with."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from labeling.selectors.examples import SHOWN_EACH
from labeling.selectors.guide import field_guide
from ml.pictures import DURATIONS


@require_safe
def guide(request: HttpRequest) -> HttpResponse:
    context = {"guide": field_guide(examples=SHOWN_EACH), "durations": DURATIONS}
    return render(request, "pages/guide.html", context)
