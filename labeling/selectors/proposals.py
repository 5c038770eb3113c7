"""Proposals with what a reviewer needs to decide."""

from typing import Any

from django.db.models import Count, Prefetch, Q, QuerySet
from django.utils.translation import gettext as _

from labeling.errors import NotFoundError
from labeling.models import BatchGlitch, Glitch, Proposal, ProposalEvent, ProposalMember
from labeling.selectors.assignments import render_reference
from labeling.selectors.pictures import render_pictures


def listed_proposals() -> QuerySet[Proposal]:
    """Proposals with their size, batch and medoids: a fixed number of queries."""
    medoids = ProposalMember.objects.filter(is_medoid=True).select_related("glitch")
    return (
        Proposal.objects.select_related("nearest_class", "batch", "born_class")
        .annotate(size=Count("members"))
        .prefetch_related(
            Prefetch(
                "members",
                queryset=medoids.prefetch_related("glitch__pictures"),
                to_attr="medoids",
            ),
            Prefetch("batch__batch_glitches", queryset=BatchGlitch.objects.order_by("pk")),
        )
    )


def find_proposal(proposal_id: int) -> Proposal:
    """One proposal with its members and events. Raises NotFoundError."""
    events = ProposalEvent.objects.select_related("by")
    members = ProposalMember.objects.select_related("glitch").prefetch_related("glitch__pictures")
    found = (
        listed_proposals()
        .prefetch_related(
            Prefetch("events", queryset=events),
            Prefetch("members", queryset=members, to_attr="all_members"),
        )
        .filter(pk=proposal_id)
        .first()
    )
    if found is None:
        raise NotFoundError(
            _("There is no proposal %(proposal_id)s.") % {"proposal_id": proposal_id}
        )
    return found


def render_proposal(proposal: Proposal) -> dict[str, Any]:
    """A row of the list; give it a proposal from :func:`listed_proposals`."""
    listed: Any = proposal  # with the ``size`` and ``medoids`` that the queryset added
    nearest = proposal.nearest_class
    born = getattr(proposal, "born_class", None)
    return {
        "id": proposal.pk,
        "state": proposal.state,
        "name": proposal.name,
        "description": proposal.description,
        "method": proposal.method,
        "size": listed.size,
        "cohesion": proposal.cohesion,
        "stability": proposal.stability,
        "nearest_class": nearest.label if nearest else None,
        "nearest_distance": proposal.nearest_distance,
        "first_seen": proposal.first_seen,
        "last_seen": proposal.last_seen,
        "counts_by_ifo": proposal.counts_by_ifo,
        "counts_by_week": proposal.counts_by_week,
        "evidence": proposal.evidence,
        "discovery_run": proposal.discovery_run_id,
        "merged_into": proposal.merged_into_id,
        "born_class": born.label if born else None,
        "created_at": proposal.created_at.isoformat(),
        "medoids": [render_reference(member.glitch) for member in listed.medoids],
        "batch": _render_progress(proposal),
    }


def render_proposal_in_full(proposal: Proposal) -> dict[str, Any]:
    """All of a proposal; give it one from :func:`find_proposal`."""
    listed: Any = proposal  # with the ``all_members`` that the queryset added
    places = {place.glitch_id: place for place in _places(proposal)}
    members = [
        _render_glitch(member.glitch, places.pop(member.glitch_id, None), member)
        for member in listed.all_members
    ]
    # Neighbours and decoys are no members of the cluster: they have no distance.
    members += [_render_glitch(place.glitch, place) for place in _others(proposal, set(places))]
    events = [
        {
            "from_state": event.from_state,
            "to_state": event.to_state,
            "by": event.by.get_username() if event.by else None,
            "by_is_simulated": bool(event.by and event.by.is_simulated),
            "reason": event.reason,
            "at": event.at.isoformat(),
        }
        for event in proposal.events.all()
    ]
    return {**render_proposal(proposal), "members": members, "events": events}


def _places(proposal: Proposal) -> list[BatchGlitch]:
    batch = getattr(proposal, "batch", None)
    return list(batch.batch_glitches.all()) if batch else []


def _others(proposal: Proposal, glitch_ids: set[int]) -> list[BatchGlitch]:
    """The places in the batch of these glitches, with their pictures."""
    others = BatchGlitch.objects.filter(batch__proposal=proposal, glitch__in=glitch_ids)
    return list(
        others.order_by("part", "pk").select_related("glitch").prefetch_related("glitch__pictures")
    )


def _render_glitch(
    glitch: Glitch, place: BatchGlitch | None, member: ProposalMember | None = None
) -> dict[str, Any]:
    return {
        "gravityspy_id": glitch.gravityspy_id,
        "ifo": glitch.ifo,
        "event_time": glitch.event_time,
        "is_simulated": glitch.is_simulated,
        "pictures": render_pictures(glitch),
        "distance": member.distance if member else None,
        "is_medoid": bool(member and member.is_medoid),
        "part": place.part if place else None,
        "votes": place.votes_count if place else 0,
        "belongs": place.belongs if place else None,
        "confirmed": place.confirmed if place else None,
    }


def _render_progress(proposal: Proposal) -> dict[str, Any] | None:
    batch = getattr(proposal, "batch", None)
    if batch is None:
        return None
    asked = [p for p in _places(proposal) if p.part != BatchGlitch.Part.DECOY]
    decided = sum(place.decided_at is not None for place in asked)
    return {
        "state": batch.state,
        "total": len(asked),
        "decided": decided,
        "open": len(asked) - decided,
        "votes": sum(place.votes_count for place in _places(proposal)),
        "confirmed": sum(place.confirmed is True for place in asked),
        "created_at": batch.created_at.isoformat(),
        "closed_at": batch.closed_at.isoformat() if batch.closed_at else None,
    }


def batch_progress() -> list[dict[str, Any]]:
    """How far the batches of proposals in vote are; decoys measure people and are not counted."""
    asked = ~Q(batch__batch_glitches__part=BatchGlitch.Part.DECOY)
    decided = Q(batch__batch_glitches__decided_at__isnull=False)
    in_vote = (
        Proposal.objects.filter(state=Proposal.State.IN_VOTE, batch__isnull=False)
        .annotate(
            total=Count("batch__batch_glitches", filter=asked),
            decided=Count("batch__batch_glitches", filter=asked & decided),
        )
        .order_by("pk")
    )
    return [
        {
            "proposal": row["pk"],
            "name": row["name"],
            "state": row["batch__state"],
            "open": row["total"] - row["decided"],
            "decided": row["decided"],
            "total": row["total"],
        }
        for row in in_vote.values("pk", "name", "batch__state", "total", "decided")
    ]
