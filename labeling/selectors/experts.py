"""Glitches on which the volunteers found no consensus: an expert decides."""

from typing import Any

from django.db.models import QuerySet

from labeling.models import Glitch
from labeling.selectors.assignments import render_reference
from labeling.selectors.visitors import visitor_votes

TOP = 4


def undecided_glitches() -> QuerySet[Glitch]:
    """Retired at the vote limit and without a gold label; the longest waiting first."""
    return (
        Glitch.objects.filter(
            retire_reason=Glitch.RetireReason.CLASSIFICATION_COUNT,
            is_reserved=False,
            gold_labels__isnull=True,
        )
        .annotate(visitor_votes=visitor_votes())
        .select_related("consensus__class_list")
        .prefetch_related("pictures")
        .order_by("retired_at", "pk")
    )


def render_undecided(glitch: Any) -> dict[str, Any]:
    """One of ``undecided_glitches`` with the classes that share its agreement, likeliest first."""
    return {
        **render_reference(glitch),
        "ifo": glitch.ifo,
        "event_time": glitch.event_time,
        "snr": glitch.snr,
        "peak_frequency": glitch.peak_frequency,
        "is_simulated": glitch.is_simulated,
        "votes": glitch.votes_count,
        "visitor_votes": glitch.visitor_votes,
        "agreement": _top_agreement(glitch),
    }


def _top_agreement(glitch: Glitch) -> list[tuple[str, float]]:
    consensus = getattr(glitch, "consensus", None)
    if consensus is None:
        return []
    split = zip(consensus.class_list.labels, consensus.agreement, strict=True)
    return sorted(split, key=lambda pair: -pair[1])[:TOP]
