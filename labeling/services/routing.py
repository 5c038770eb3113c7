"""Lending by skill: of a few glitches next in line, the one that suits this volunteer best.

Two statements instead of one, at a cost that does not grow either: the first looks at a few that
could be lent, without a lock; the second takes the best of them that is still free, by its id.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from psycopg2.extras import Json

from labeling.database.prepared import fetch
from labeling.models import User
from labeling.services.consensus import posterior
from labeling.services.lending import (
    FREE,
    HELD,
    PICK_CHOICE,
    POOL_CHOICES,
    TAKE_ONE,
    Lent,
    Wish,
    first_of,
    lend,
    lend_chosen,
)
from labeling.services.skills import matrices
from labeling.services.taxonomy import Level, Taxonomy
from ml.crowd.consensus import Vector
from ml.crowd.skill import restrict_to_offered
from ml.query.routing import advantage

CANDIDATES = 8


def _consider(choice: str) -> str:
    return f"""{HELD}
SELECT few.id, few.why::json, c.agreement, n.probabilities FROM ({choice}) few
LEFT JOIN labeling_consensus c ON c.glitch_id = few.id
LEFT JOIN labeling_prediction n ON n.glitch_id = few.id AND n.model_version_id = %(version)s
"""  # noqa: S608 (fixed texts)


CONSIDER = {
    "pool": _consider(
        first_of((f"{choice} LIMIT {CANDIDATES}" for choice in POOL_CHOICES), CANDIDATES)
    ),
    "active": _consider(f"{PICK_CHOICE} LIMIT {CANDIDATES}"),
}
ONE_OF = lend_chosen(f"""
    SELECT g.id, %(whys)s::jsonb -> (array_position(%(ids)s::bigint[], g.id) - 1) AS why
    FROM labeling_glitch g
    WHERE (SELECT n FROM held) < %(want)s AND g.id = ANY(%(ids)s::bigint[])
        AND g.workflow_id = %(workflow)s AND g.retired_at IS NULL AND NOT g.is_reserved AND {FREE}
    ORDER BY array_position(%(ids)s::bigint[], g.id) {TAKE_ONE}""")  # noqa: S608 (fixed texts)


@dataclass(frozen=True)
class Candidate:
    """A glitch that could be lent, why it stands there, and (C,) what is believed of it."""

    glitch_id: int
    why: dict[str, Any]
    believed: Vector


def lend_by_skill(
    wish: Wish,
    volunteer: User,
    taxonomy: Taxonomy,
    level: Level,
    *,
    stream: str = "pool",
    **where: Any,
) -> Lent | None:
    """A glitch of the level on which this volunteer's answer says most beside an average one's.

    ``where`` is what the stream's own choice needs besides the level. None where none is left;
    nothing is lent where all that were looked at have been taken meanwhile.
    """
    at = {"workflow": level.workflow.pk, "offered": level.offered.pk, "stream": stream}
    candidates = _candidates(wish, taxonomy, stream, at | where)
    if not candidates:
        return None
    gains = _advantages(volunteer, taxonomy, level, candidates)
    best_first = np.argsort(-gains, kind="stable")
    whys = [candidates[i].why | {"advantage": round(float(gains[i]), 6)} for i in best_first]
    ids = [candidates[i].glitch_id for i in best_first]
    return lend(ONE_OF, wish, ids=ids, whys=Json(whys), **at)


def _candidates(
    wish: Wish, taxonomy: Taxonomy, stream: str, where: dict[str, Any]
) -> list[Candidate]:
    version = taxonomy.version
    values = vars(wish) | where | {"version": version.pk if version else None}
    rows = fetch(values, CONSIDER[stream])
    return [
        Candidate(pk, why or {}, posterior(taxonomy.axis, version, agreement, probabilities))
        for pk, why, agreement, probabilities in rows
    ]


def _advantages(
    volunteer: User, taxonomy: Taxonomy, level: Level, candidates: Sequence[Candidate]
) -> Vector:
    """(n,) nats, of a vote on the page that this level shows."""
    axis = taxonomy.axis
    own, average = (
        restrict_to_offered(skill.confusion, level.mask, axis.none_of_the_above)
        for skill in (
            matrices(volunteer.skill_id, axis.ids, taxonomy.skill_prior),
            matrices(None, axis.ids, taxonomy.skill_prior),
        )
    )
    return advantage(np.stack([c.believed for c in candidates]), own, average)
