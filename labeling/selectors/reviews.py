"""What the reviewer's pages show beside the proposals themselves."""

from typing import Any

from django.db.models import Count, F, Window
from django.db.models.functions import RowNumber

from labeling.models import DiscoveryRun, Proposal, ProposalMember
from labeling.selectors.assignments import render_reference

SHEET = 12


def count_by_state() -> list[dict[str, Any]]:
    """Each state with its name and how many proposals are in it, those of none among them."""
    counts = dict(Proposal.objects.order_by().values_list("state").annotate(n=Count("pk")))
    return [
        {"state": state.value, "name": state.label, "count": counts.get(state.value, 0)}
        for state in Proposal.State
    ]


def sheet_members(proposal_ids: list[int], each: int = SHEET) -> dict[int, list[dict[str, Any]]]:
    """Proposal id -> its members nearest to the centre, for a contact sheet: two queries."""
    place = Window(
        RowNumber(), partition_by=F("proposal"), order_by=[F("distance").asc(), F("pk").asc()]
    )
    nearest = (
        ProposalMember.objects.filter(proposal__in=proposal_ids)
        .annotate(place=place)
        .filter(place__lte=each)
        .select_related("glitch")
        .prefetch_related("glitch__pictures")
        .order_by("distance", "pk")
    )
    sheets: dict[int, list[dict[str, Any]]] = {}
    for member in nearest:
        shown = {
            **render_reference(member.glitch),
            "is_medoid": member.is_medoid,
            "is_simulated": member.glitch.is_simulated,
        }
        sheets.setdefault(member.proposal_id, []).append(shown)
    return sheets


def last_discovery() -> DiscoveryRun | None:
    """The newest search of the pool, without the list of what it searched."""
    return DiscoveryRun.objects.defer("glitch_ids").select_related("embedding").first()
