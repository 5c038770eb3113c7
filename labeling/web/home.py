"""The front page."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from labeling.selectors.home import sample_glitches, site_counts


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    context = {"counts": site_counts(), "sample": sample_glitches()}
    return render(request, "pages/home.html", context)
