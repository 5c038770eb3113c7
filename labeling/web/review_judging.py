"""How a classifier was judged: stored figures, comparisons, and what they are drawn from."""

import io
import zipfile
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from labeling.errors import LabelingError
from labeling.models import Evaluation, ModelVersion
from labeling.models.runs import Run
from labeling.selectors.evaluations import (
    compared_with,
    find_evaluation_run,
    latest_evaluation,
    unfinished_evaluation,
)
from labeling.selectors.versions import find_version
from labeling.services.cancelling import cancel_evaluation
from labeling.services.evaluations import request_evaluation
from labeling.web.judging_charts import class_curves, reliability_marks, weekly_marks
from labeling.web.permissions import reviewer_required, user_of
from labeling.web.runs import call_off, render_part

ROLE = ModelVersion.Role.CLASSIFIER
FIGURES = {
    "accuracy": gettext_lazy("accuracy"),
    "macro_f1": gettext_lazy("macro F1"),
    "log_loss": gettext_lazy("log loss"),
    "ece": gettext_lazy("calibration error"),
}


@never_cache
@reviewer_required
@require_safe
def judging(request: HttpRequest, number: int) -> HttpResponse:
    """All figures of one version; ``?against=`` another, ``?class=`` for its curves.

    ``?in_time=1``: those on what came later than all training.
    """
    version = _version(number)
    against, in_time = _against(request.GET.get("against")), bool(request.GET.get("in_time"))
    found = latest_evaluation(version, against, in_time=in_time)
    context = {
        "version": version,
        "against": against,
        "in_time": in_time,
        "query": _query(against, in_time=in_time),
        "others": compared_with(version),
        "evaluation": found,
        "asked": unfinished_evaluation(version, against, in_time=in_time),
        **(_drawn(found, request.GET.get("class", "")) if found else {}),
    }
    return render(request, "review/judging.html", context)


def _drawn(found: Evaluation, chosen: str) -> dict[str, Any]:
    figures = found.figures
    curves = figures["curves"]
    label = chosen if curves.get(chosen) else next((c for c in curves if curves[c]), "")
    return {
        "figures": figures,
        "comparison": found.comparison,
        "overall": _overall(figures),
        "differences": [
            {"name": name, **found.comparison["differences"][key]} for key, name in FIGURES.items()
        ]
        if found.comparison
        else [],
        "label": label,
        "curves": class_curves(figures, label),
        "reliability": reliability_marks(figures),
        "weeks": weekly_marks(figures),
        "groups": [(kind, figures["by"][kind]) for kind in ("training", "detector", "run")],
    }


def _overall(figures: dict[str, Any]) -> list[dict[str, Any]]:
    rows = []
    for key, name in FIGURES.items():
        low, high = figures["intervals"][key]
        is_share = key == "accuracy"
        rows.append(
            {"name": name, "value": figures[key], "low": low, "high": high, "is_share": is_share}
        )
    return rows


def _version(number: int) -> ModelVersion:
    try:
        return find_version(ROLE, number)
    except LabelingError as refusal:
        raise Http404(str(refusal)) from refusal


def _against(text: str | None) -> ModelVersion | None:
    """The version named in the address; None for none, 404 for one that is not there."""
    if not text:
        return None
    if not text.isdecimal() or len(text) > 9:
        raise Http404(_("There is no classifier %(text)r.") % {"text": text})
    return _version(int(text))


@never_cache
@reviewer_required
@require_safe
def judging_json(request: HttpRequest, number: int) -> JsonResponse:
    """The stored figures as JSON, for notebooks."""
    found = _asked_for(request, number)
    return JsonResponse(
        {
            "version": number,
            "against": found.against.number if found.against else None,
            "test_digest": found.test_digest,
            "in_time": found.in_time,
            "figures": found.figures,
            "comparison": found.comparison,
        }
    )


@never_cache
@reviewer_required
@require_safe
def judging_csv(request: HttpRequest, number: int) -> HttpResponse:
    """The same as ``manage.py evaluate --csv`` writes: a table a file, in one archive."""
    from ml.vision.judging.tables import csv_files, tables  # scikit-learn: a second, for this alone

    found = _asked_for(request, number)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as files:
        made = tables({f"{ROLE} {number}": found.figures}, found.comparison)
        for name, text in csv_files(made).items():
            files.writestr(name, text)
    name = f"classifier-{number}-judging.zip"
    return HttpResponse(
        archive.getvalue(),
        content_type="application/zip",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _asked_for(request: HttpRequest, number: int) -> Evaluation:
    """The stored figures that the address names; 404 where there are none."""
    version = _version(number)
    against, in_time = _against(request.GET.get("against")), bool(request.GET.get("in_time"))
    found = latest_evaluation(version, against, in_time=in_time)
    if found is None:
        raise Http404(_("%(version)s has not been judged yet.") % {"version": version})
    return found


@reviewer_required
@require_POST
def judge(request: HttpRequest, number: int) -> HttpResponse:
    """Ask a worker for the figures on today's gold test set."""
    against, in_time = _against(request.POST.get("against")), bool(request.POST.get("in_time"))
    other = against.number if against else None
    by = user_of(request)
    try:
        request_evaluation(_version(number).number, against=other, by=by, in_time=in_time)
    except LabelingError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("A worker judges it now; the figures appear here."))
    return redirect(_address(number, against, in_time=in_time))


@never_cache
@reviewer_required
@require_safe
def evaluation_progress(request: HttpRequest, pk: int) -> HttpResponse:
    """How far an evaluation is, asked for again and again while it lives."""
    run = find_evaluation_run(pk)
    live = run.state in Run.LIVE
    return render_part(request, "fragments/judging_run.html", {"asked": run}, live=live)


@reviewer_required
@require_POST
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    run = find_evaluation_run(pk)
    call_off(request, cancel_evaluation, pk)
    return redirect(_address(run.model_version.number, run.against, in_time=run.in_time))


def _address(number: int, against: ModelVersion | None, *, in_time: bool) -> str:
    query = _query(against, in_time=in_time)
    return reverse("judging", args=[number]) + (f"?{query}" if query else "")


def _query(against: ModelVersion | None, *, in_time: bool) -> str:
    """What of the address chooses among a version's figures."""
    chosen = {"against": against.number} if against else {}
    return urlencode(chosen | ({"in_time": 1} if in_time else {}))
