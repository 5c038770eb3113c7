"""The queue of doubtful labels, the clearest first, and what was decided last."""

from typing import Any

from django.db.models import F, QuerySet
from django.utils.translation import gettext as _

from labeling.errors import NotFoundError
from labeling.models import LabelCheck, LabelIssue
from labeling.selectors.assignments import render_reference

State = LabelIssue.State
DECIDED_SHOWN = 10


def listed_issues() -> QuerySet[LabelIssue]:
    """Doubts with glitch, classes and who decided: one query."""
    return LabelIssue.objects.select_related(
        "glitch", "given_class", "suggested_class", "answer", "decided_by"
    )


def find_issue(issue_id: int) -> LabelIssue:
    """One doubt. Raises NotFoundError."""
    found = listed_issues().filter(pk=issue_id).first()
    if found is None:
        raise NotFoundError(_("There is no such doubt."))
    return found


def open_issues() -> QuerySet[LabelIssue]:
    margin = F("suggested_probability") - F("given_probability")
    waiting = _with_pictures().filter(state=State.OPEN)
    return waiting.order_by(margin.desc(), "pk")


def decided_issues() -> QuerySet[LabelIssue]:
    """The latest decisions, each of which can be taken back."""
    decided = _with_pictures().filter(decided_at__isnull=False)
    return decided.order_by("-decided_at", "-pk")


def last_label_check() -> LabelCheck | None:
    return LabelCheck.objects.first()


def live_label_check() -> LabelCheck | None:
    """The search that is asked for or under way; there is one at most."""
    return LabelCheck.objects.filter(state__in=LabelCheck.LIVE).first()


def listed_label_checks() -> QuerySet[LabelCheck]:
    """Searches of all labels with who asked: one query."""
    return LabelCheck.objects.select_related("requested_by")


def find_label_check(run_id: int) -> LabelCheck:
    """One search. Raises NotFoundError."""
    found = listed_label_checks().filter(pk=run_id).first()
    if found is None:
        raise NotFoundError(_("There is no label check %(run_id)s.") % {"run_id": run_id})
    return found


def _with_pictures() -> QuerySet[LabelIssue]:
    return listed_issues().prefetch_related("glitch__pictures")


def render_issue(issue: LabelIssue) -> dict[str, Any]:
    glitch = issue.glitch
    return {
        **render_reference(glitch),
        "pk": issue.pk,
        "ifo": glitch.ifo,
        "event_time": glitch.event_time,
        "snr": glitch.snr,
        "peak_frequency": glitch.peak_frequency,
        "is_simulated": glitch.is_simulated,
        "origin": issue.origin,
        "given": issue.given_class,
        "suggested": issue.suggested_class,
        "given_probability": issue.given_probability,
        "suggested_probability": issue.suggested_probability,
        "misread": issue.misread,
    }
