"""Assignments as a volunteer may see them: the one place that renders them.

What is left out matters most here: whether the glitch is gold, what the classifier says and how
others voted. ``stream`` stays inside for the same reason.
"""

from collections.abc import Sequence
from typing import Any

from labeling.models import Assignment, Glitch, ProposalMember, User, Workflow
from labeling.selectors.pictures import render_pictures


def render_assignments(assignments: Sequence[Assignment]) -> list[dict[str, Any]]:
    """The assignments as JSON values, in the order given; a fixed number of queries."""
    found = (
        Assignment.objects.select_related("glitch", "workflow", "offered", "batch_glitch__batch")
        .prefetch_related("glitch__pictures")
        .in_bulk([assignment.pk for assignment in assignments])
    )
    loaded = [found[assignment.pk] for assignment in assignments]
    proposals = {a.batch_glitch.batch.proposal_id for a in loaded if a.batch_glitch is not None}
    references = _references(proposals)
    return [_render(assignment, references) for assignment in loaded]


def open_levels(volunteer: User) -> list[int]:
    """The open levels that the volunteer has reached, the lowest first."""
    reached = Workflow.objects.filter(is_open=True, level__lte=volunteer.level)
    return list(reached.order_by("level").values_list("level", flat=True))


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


def _render(assignment: Assignment, references: dict[int, list[dict[str, Any]]]) -> dict[str, Any]:
    glitch, batch_glitch = assignment.glitch, assignment.batch_glitch
    return {
        "id": assignment.pk,
        "question": "class" if batch_glitch is None else "alike",
        "glitch": {
            "gravityspy_id": glitch.gravityspy_id,
            "ifo": glitch.ifo,
            "is_simulated": glitch.is_simulated,
            "pictures": render_pictures(glitch),
        },
        "classes": list(assignment.offered.labels) if assignment.offered else [],
        "references": references.get(batch_glitch.batch.proposal_id, []) if batch_glitch else [],
        "leased_until": assignment.leased_until.isoformat(),
        "level": assignment.workflow.level if assignment.workflow else None,
    }
