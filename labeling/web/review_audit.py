"""What the random audit says: shares of error with their intervals."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from labeling.selectors.sampling import audit_report
from labeling.web.permissions import reviewer_required


@never_cache
@reviewer_required
@require_safe
def audit(request: HttpRequest) -> HttpResponse:
    context = {"report": audit_report(), "rate": settings.AUDIT_RATE, "votes": settings.AUDIT_VOTES}
    return render(request, "review/audit.html", context)
