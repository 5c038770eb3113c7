"""My progress: votes, level, what is missing for the next, what the votes brought about."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from labeling.models import User, Workflow
from labeling.selectors.deeds import classes_helped_discover, glitches_helped_retire
from labeling.selectors.progress import (
    ClassAccuracy,
    accuracy_by_class,
    recent_votes,
)
from labeling.services.assignments import height_of
from labeling.services.promotion import classes_to_master
from labeling.services.taxonomy import current_taxonomy
from labeling.web.permissions import user_of
from ml.crowd.promotion import Belief, PromotionRule, is_mastered

MISSING_MOST = 99  # right answers in a row; more are not counted out


@never_cache
@login_required
@require_safe
def progress(request: HttpRequest) -> HttpResponse:
    volunteer = user_of(request)
    context = {
        "accuracy": accuracy_by_class(volunteer),
        "recent": recent_votes(volunteer),
        "retired": glitches_helped_retire(volunteer),
        "discovered": classes_helped_discover(volunteer),
        **_way_up(volunteer),
    }
    return render(request, "pages/progress.html", context)


def _way_up(volunteer: User) -> dict[str, Any]:
    """The classes that stand between the volunteer and the next level."""
    level = Workflow.objects.filter(level=volunteer.level).first()
    taxonomy = current_taxonomy()
    height = height_of(volunteer, taxonomy)
    above = Workflow.objects.filter(level__gt=height, is_open=True).first()
    to_master = classes_to_master(volunteer, taxonomy) if above else {}
    rule = PromotionRule()
    needed = [
        {"row": row, "missing": _missing(row, to_master[row.class_id], rule)}
        for row in accuracy_by_class(volunteer, sorted(to_master))
    ]
    return {"level": level, "height": height, "above": above, "needed": needed, "rule": rule}


def _missing(row: ClassAccuracy, belief: Belief, rule: PromotionRule) -> int:
    """How many right answers in a row would show that the class is known; 0 where it is."""
    tries = range(MISSING_MOST)
    enough = (n for n in tries if is_mastered(row.right + n, row.seen + n, belief, rule))
    return next(enough, MISSING_MOST)
