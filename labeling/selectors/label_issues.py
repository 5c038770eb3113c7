"""The queue of doubtful labels, the clearest first, and what was decided last."""

from typing import Any

from django.db.models import F, QuerySet

from labeling.models import LabelCheck, LabelIssue
from labeling.selectors.assignments import render_reference

State = LabelIssue.State
DECIDED_SHOWN = 10


def open_issues() -> QuerySet[LabelIssue]:
    margin = F("suggested_probability") - F("given_probability")
    waiting = _listed().filter(state=State.OPEN)
    return waiting.order_by(margin.desc(), "pk")


def decided_issues() -> QuerySet[LabelIssue]:
    """The latest decisions, each of which can be taken back."""
    decided = _listed().filter(decided_at__isnull=False)
    return decided.select_related("answer", "decided_by").order_by("-decided_at", "-pk")


def last_label_check() -> LabelCheck | None:
    return LabelCheck.objects.first()


def _listed() -> QuerySet[LabelIssue]:
    with_classes = LabelIssue.objects.select_related("glitch", "given_class", "suggested_class")
    return with_classes.prefetch_related("glitch__pictures")


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
