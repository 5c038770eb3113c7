"""Assignments as a volunteer may see them: the one place that renders them.

What is left out matters most here: whether the glitch is gold, what the classifier says and how
others voted. ``stream`` stays inside for the same reason.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Manager, OuterRef, QuerySet
from django.db.models.functions import JSONObject

from labeling.models import Assignment, Glitch, Picture, ProposalMember, User
from labeling.selectors.pictures import render_picture_rows, render_pictures


def open_assignments(volunteer: User, now: datetime, *, at_most: int) -> list[Assignment]:
    """The volunteer's live leases, the oldest first, with all that ``render_assignments`` shows."""
    return list(
        with_glitches(Assignment.objects)
        .filter(volunteer=volunteer, state=Assignment.State.OPEN, leased_until__gt=now)
        .order_by("pk")[:at_most]
    )


def with_glitches(assignments: Manager[Assignment]) -> QuerySet[Assignment]:
    """Assignments with their glitches and, as JSON, the glitches' pictures: one query for all."""
    pictures = (
        Picture.objects.filter(glitch=OuterRef("glitch"))
        .order_by("duration")
        .values(
            json=JSONObject(
                duration="duration",
                sha256="sha256",
                extension="extension",
                width="width",
                height="height",
            )
        )
    )
    return assignments.select_related(
        "glitch", "workflow", "offered", "batch_glitch__batch"
    ).annotate(pictures=ArraySubquery(pictures))


def render_assignments(assignments: Sequence[Assignment]) -> list[dict[str, Any]]:
    """The assignments of ``with_glitches`` as JSON values, in the order given."""
    proposals = {a.batch_glitch.batch.proposal_id for a in assignments if a.batch_glitch}
    references = _references(proposals)
    return [_render(assignment, references) for assignment in assignments]


def _references(proposal_ids: set[int]) -> dict[int, list[dict[str, Any]]]:
    """Proposal id -> its medoids: the pictures beside the question "like these?"."""
    references: dict[int, list[dict[str, Any]]] = {}
    if not proposal_ids:
        return references
    medoids = (
        ProposalMember.objects.filter(proposal__in=proposal_ids, is_medoid=True)
        .select_related("glitch")
        .prefetch_related("glitch__pictures")
    )
    for medoid in medoids:
        references.setdefault(medoid.proposal_id, []).append(render_reference(medoid.glitch))
    return references


def render_reference(glitch: Glitch) -> dict[str, Any]:
    """A glitch shown as an example: its id and its pictures."""
    return {"gravityspy_id": glitch.gravityspy_id, "pictures": render_pictures(glitch)}


def _render(assignment: Any, references: dict[int, list[dict[str, Any]]]) -> dict[str, Any]:
    glitch, batch_glitch = assignment.glitch, assignment.batch_glitch
    return {
        "id": assignment.pk,
        "question": "class" if batch_glitch is None else "alike",
        "glitch": {
            "gravityspy_id": glitch.gravityspy_id,
            "ifo": glitch.ifo,
            "is_simulated": glitch.is_simulated,
            "pictures": render_picture_rows(assignment.pictures),
        },
        "classes": list(assignment.offered.labels) if assignment.offered else [],
        "references": references.get(batch_glitch.batch.proposal_id, []) if batch_glitch else [],
        "leased_until": assignment.leased_until.isoformat(),
        "level": assignment.workflow.level if assignment.workflow else None,
    }
