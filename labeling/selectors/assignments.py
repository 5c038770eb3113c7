"""Assignments as a volunteer may see them: the one place that renders them.

What is left out matters most here: whether the glitch is gold, what the classifier says and how
others voted. ``stream`` stays inside for the same reason.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from labeling.database.prepared import fetch
from labeling.models import Glitch
from labeling.selectors.pictures import render_picture_rows, render_pictures

# Every vote reads these, so they are a fixed text (see services/standing.py).
PICTURES = """(SELECT json_agg(json_build_object('duration', p.duration, 'sha256', p.sha256,
            'extension', p.extension, 'width', p.width, 'height', p.height) ORDER BY p.duration)
        FROM labeling_picture p WHERE p.glitch_id = g.id)"""
OPEN = f"""
SELECT a.id, a.stream, a.leased_until, w.level, l.labels, g.id, g.gravityspy_id, g.ifo,
    g.is_simulated, b.proposal_id,
    {PICTURES}
FROM labeling_assignment a
JOIN labeling_glitch g ON g.id = a.glitch_id
LEFT JOIN labeling_workflow w ON w.id = a.workflow_id
LEFT JOIN labeling_classlist l ON l.id = a.offered_id
LEFT JOIN labeling_batchglitch p ON p.id = a.batch_glitch_id
LEFT JOIN labeling_batch b ON b.id = p.batch_id
WHERE a.volunteer_id = %(volunteer)s AND a.state = 'open' AND a.leased_until > %(now)s
ORDER BY a.id LIMIT %(at_most)s
"""  # noqa: S608 (fixed texts)
MEDOIDS = f"""
SELECT m.proposal_id, g.gravityspy_id, {PICTURES}
FROM labeling_proposalmember m JOIN labeling_glitch g ON g.id = m.glitch_id
WHERE m.proposal_id = ANY(%(proposals)s::bigint[]) AND m.is_medoid ORDER BY m.distance
"""  # noqa: S608 (fixed texts)


@dataclass(frozen=True)
class OpenAssignment:
    """A live lease with all that is shown of it; ``stream`` and the plain ids stay inside."""

    pk: int
    stream: str
    leased_until: datetime
    level: int | None
    labels: list[str] | None
    glitch_id: int
    gravityspy_id: str
    ifo: str
    is_simulated: bool
    proposal_id: int | None
    pictures: list[dict[str, Any]] | None


def open_assignments(volunteer_id: int, now: datetime, *, at_most: int) -> list[OpenAssignment]:
    """The volunteer's live leases, the oldest first: one query."""
    rows = fetch({"volunteer": volunteer_id, "now": now, "at_most": at_most}, OPEN)
    return [OpenAssignment(*row) for row in rows]


def render_assignments(assignments: Sequence[OpenAssignment]) -> list[dict[str, Any]]:
    """The assignments as JSON values, in the order given."""
    references = _references({a.proposal_id for a in assignments if a.proposal_id is not None})
    return [_render(assignment, references) for assignment in assignments]


def _references(proposal_ids: set[int]) -> dict[int, list[dict[str, Any]]]:
    """Proposal id -> its medoids: the pictures beside the question "like these?"."""
    references: dict[int, list[dict[str, Any]]] = {}
    if not proposal_ids:
        return references
    for proposal_id, gravityspy_id, pictures in fetch({"proposals": [*proposal_ids]}, MEDOIDS):
        shown = {"gravityspy_id": gravityspy_id, "pictures": render_picture_rows(pictures or [])}
        references.setdefault(proposal_id, []).append(shown)
    return references


def render_reference(glitch: Glitch) -> dict[str, Any]:
    """A glitch shown as an example: its id and its pictures."""
    return {"gravityspy_id": glitch.gravityspy_id, "pictures": render_pictures(glitch)}


def _render(
    assignment: OpenAssignment, references: dict[int, list[dict[str, Any]]]
) -> dict[str, Any]:
    proposal_id = assignment.proposal_id
    return {
        "id": assignment.pk,
        "question": "class" if proposal_id is None else "alike",
        "glitch": {
            "gravityspy_id": assignment.gravityspy_id,
            "ifo": assignment.ifo,
            "is_simulated": assignment.is_simulated,
            "pictures": render_picture_rows(assignment.pictures or []),
        },
        "classes": assignment.labels or [],
        "references": references.get(proposal_id, []) if proposal_id is not None else [],
        "leased_until": assignment.leased_until.isoformat(),
        "level": assignment.level,
    }
