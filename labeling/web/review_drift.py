"""Drift: what the version in use says, week by week, and the alerts put aside."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from labeling.errors import LabelingError
from labeling.models import ModelVersion
from labeling.selectors.drift import listed_checks
from labeling.selectors.versions import active_version
from labeling.services.drift import see_alert
from labeling.web.permissions import reviewer_required, user_of

WEEKS_SHOWN = 60


@never_cache
@reviewer_required
@require_safe
def drift(request: HttpRequest) -> HttpResponse:
    version = active_version(ModelVersion.Role.CLASSIFIER)
    checks = listed_checks(version)[:WEEKS_SHOWN] if version else []
    return render(request, "review/drift.html", {"version": version, "checks": checks})


@reviewer_required
@require_POST
def see(request: HttpRequest, pk: int) -> HttpResponse:
    """Put an alert aside."""
    try:
        see_alert(pk, by=user_of(request))
    except LabelingError as refusal:
        messages.error(request, str(refusal))
    return redirect("drift")
