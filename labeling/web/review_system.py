"""How the house is: workers, queues, the last training, what went wrong."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from labeling.selectors.status import system_status
from labeling.web.permissions import reviewer_required


@never_cache
@vary_on_headers("HX-Request")
@reviewer_required
@require_safe
def system(request: HttpRequest) -> HttpResponse:
    """The page, or for htmx its figures alone."""
    part = "fragments/system.html" if request.htmx else "review/system.html"  # type: ignore[attr-defined]
    return render(request, part, {"status": system_status()})
