"""Glitches on which the volunteers found no consensus: an expert decides."""

from typing import Any

from django.db.models import QuerySet

from labeling.models import Glitch
from labeling.selectors.assignments import render_reference

TOP = 4


def undecided_glitches() -> QuerySet[Glitch]:
    """Retired at the vote limit and without a gold label; the longest waiting first."""
    return (
        Glitch.objects.filter(
            retire_reason=Glitch.RetireReason.CLASSIFICATION_COUNT,
            is_reserved=False,
            gold_labels__isnull=True,
        )
        .select_related("consensus__class_list")
        .prefetch_related("pictures")
        .order_by("retired_at", "pk")
    )


def render_undecided(glitch: Glitch) -> dict[str, Any]:
    """The glitch with the classes on which the agreement is split, the likeliest first."""
    return {
        **render_reference(glitch),
        "ifo": glitch.ifo,
        "event_time": glitch.event_time,
        "snr": glitch.snr,
        "peak_frequency": glitch.peak_frequency,
        "is_simulated": glitch.is_simulated,
        "votes": glitch.votes_count,
        "agreement": _top_agreement(glitch),
    }


def _top_agreement(glitch: Glitch) -> list[tuple[str, float]]:
    consensus = getattr(glitch, "consensus", None)
    if consensus is None:
        return []
    split = zip(consensus.class_list.labels, consensus.agreement, strict=True)
    return sorted(split, key=lambda pair: -pair[1])[:TOP]
