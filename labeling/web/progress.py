"""My progress: votes, level, what is missing for the next, recent votes."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from labeling.models import User, Workflow
from labeling.selectors.progress import accuracy_by_class, classes_with_gold, recent_votes
from labeling.services.promotion import classes_new_at
from labeling.web.permissions import user_of
from ml.crowd.promotion import PromotionRule, is_mastered


@never_cache
@login_required
@require_safe
def progress(request: HttpRequest) -> HttpResponse:
    volunteer = user_of(request)
    context = {
        "accuracy": accuracy_by_class(volunteer),
        "recent": recent_votes(volunteer),
        **_way_up(volunteer),
    }
    return render(request, "pages/progress.html", context)


def _way_up(volunteer: User) -> dict[str, Any]:
    """The classes that stand between the volunteer and the next level."""
    level = Workflow.objects.filter(level=volunteer.level).first()
    above = Workflow.objects.filter(level__gt=volunteer.level, is_open=True).first()
    new = [c.pk for c in classes_new_at(level)] if level and above else []
    testable = sorted(classes_with_gold(new))
    rule = PromotionRule()
    needed = [
        {"row": row, "mastered": is_mastered(row.right, row.seen, rule)}
        for row in accuracy_by_class(volunteer, testable)
    ]
    return {"level": level, "above": above, "needed": needed, "rule": rule}
