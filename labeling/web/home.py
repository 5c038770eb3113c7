"""The front page."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from labeling.selectors.home import front_page


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    return render(request, "pages/home.html", front_page()._asdict())
