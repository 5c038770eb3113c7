"""Where a glitch stands in the vote, and the statements that read and write it.

Every vote runs these, so they are fixed texts, prepared once a connection: the query builder would
take ten times as long to write them anew as Postgres takes to run them (``bench.votes``).
Locks are FOR NO KEY UPDATE: no key changes, and foreign-key checks of others must not wait.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import BigIntegerField

from labeling.database.prepared import fetch
from labeling.models import Glitch

LOCK = """
SELECT g.id FROM labeling_glitch g JOIN labeling_assignment a ON a.glitch_id = g.id
WHERE a.id = %(assignment)s AND a.volunteer_id = %(volunteer)s
FOR NO KEY UPDATE OF g
"""

READ_ASKED = """
SELECT g.id, g.workflow_id, g.votes_count, g.votes_needed, g.leases_open, g.retired_at,
    g.retire_reason, g.queue_key, a.id, a.state, a.stream, a.workflow_id, a.offered_id,
    a.batch_glitch_id, b.batch_id,
    (SELECT v.id FROM labeling_vote v
        WHERE v.volunteer_id = a.volunteer_id AND v.idempotency_key = %(key)s) AS vote_with_key,
    (SELECT v.id FROM labeling_vote v
        WHERE v.volunteer_id = a.volunteer_id AND v.glitch_id = a.glitch_id
        AND v.batch_id IS NOT DISTINCT FROM b.batch_id) AS vote_here,
    (SELECT l.glitch_class_id FROM labeling_goldlabel l WHERE l.glitch_id = a.glitch_id)
        AS gold_class
FROM labeling_assignment a JOIN labeling_glitch g ON g.id = a.glitch_id
LEFT JOIN labeling_batchglitch b ON b.id = a.batch_glitch_id
WHERE a.id = %(assignment)s AND a.volunteer_id = %(volunteer)s
"""

# The votes are those before this one: a statement does not see what it inserts itself. What came
# after a retirement is no evidence, also where the glitch was reopened since: it is late, or the
# random audit's, and only some glitches have any.
CAST = """
WITH cast_now AS (
    INSERT INTO labeling_vote (volunteer_id, glitch_id, assignment_id, workflow_id, batch_id,
        offered_id, voted_id, alike, was_gold, after_retirement, idempotency_key, created_at)
    VALUES (%(volunteer)s, %(glitch)s, %(assignment)s, %(workflow)s, %(batch)s,
        %(offered)s, %(voted)s, %(alike)s, %(was_gold)s, %(after_retirement)s, %(key)s, %(now)s)
    RETURNING id
), closed AS (
    UPDATE labeling_assignment SET state = 'voted' WHERE id = %(assignment)s
), counted AS (
    UPDATE labeling_user SET votes_cast = votes_cast + 1,
        queue_place = coalesce(%(place)s, queue_place)
    WHERE id = %(volunteer)s
    RETURNING skill_id
)
SELECT cast_now.id, counted.skill_id, votes.cast_before, opinion.probabilities
FROM cast_now CROSS JOIN counted
LEFT JOIN LATERAL (
    SELECT json_agg(json_build_array(v.voted_id, v.offered_id, v.workflow_id, u.skill_id,
        u.role = 'visitor') ORDER BY v.id) AS cast_before
    FROM labeling_vote v JOIN labeling_user u ON u.id = v.volunteer_id
    WHERE v.glitch_id = %(glitch)s AND v.batch_id IS NULL AND NOT v.after_retirement
) votes ON true
LEFT JOIN LATERAL (
    SELECT p.probabilities FROM labeling_prediction p
    WHERE p.glitch_id = %(glitch)s AND p.model_version_id = %(version)s
) opinion ON true
"""

READ_EVIDENCE = """
SELECT votes.cast_before, opinion.probabilities
FROM (
    SELECT json_agg(json_build_array(v.voted_id, v.offered_id, v.workflow_id, u.skill_id,
        u.role = 'visitor') ORDER BY v.id) AS cast_before
    FROM labeling_vote v JOIN labeling_user u ON u.id = v.volunteer_id
    WHERE v.glitch_id = %(glitch)s AND v.batch_id IS NULL
        AND (NOT v.after_retirement OR %(with_late)s)
) votes
LEFT JOIN LATERAL (
    SELECT p.probabilities FROM labeling_prediction p
    WHERE p.glitch_id = %(glitch)s AND p.model_version_id = %(version)s
) opinion ON true
"""

WRITE = """
UPDATE labeling_glitch SET workflow_id = %(workflow_id)s, votes_count = %(votes_count)s,
    votes_needed = %(votes_needed)s, leases_open = %(leases_open)s, retired_at = %(retired_at)s,
    retire_reason = %(retire_reason)s
WHERE id = %(glitch_id)s
"""

WRITE_AGREED = f"""
WITH agreed AS (
    INSERT INTO labeling_consensus (glitch_id, class_list_id, agreement, top_class_id,
        top_agreement, votes_count, rule, prior, skills, skill_prior_id, model_version_id,
        updated_at)
    VALUES (%(glitch_id)s, %(class_list)s, %(agreement)s, %(top_class)s, %(top_agreement)s,
        %(agreed_votes)s, %(rule)s, %(prior)s, %(skills)s, %(skill_prior)s, %(version)s, %(now)s)
    ON CONFLICT (glitch_id) DO UPDATE SET class_list_id = excluded.class_list_id,
        agreement = excluded.agreement, top_class_id = excluded.top_class_id,
        top_agreement = excluded.top_agreement, votes_count = excluded.votes_count,
        rule = excluded.rule, prior = excluded.prior, skills = excluded.skills,
        skill_prior_id = excluded.skill_prior_id,
        model_version_id = excluded.model_version_id, updated_at = excluded.updated_at
)
{WRITE}"""  # noqa: S608 (two fixed texts)


@dataclass
class Standing:
    """What a vote may change of a glitch; whoever has one holds the glitch's row."""

    glitch_id: int
    workflow_id: int | None
    votes_count: int
    votes_needed: int
    leases_open: int
    retired_at: datetime | None
    retire_reason: str

    @classmethod
    def of(cls, glitch: Glitch) -> "Standing":
        return cls(
            glitch.pk,
            glitch.workflow_id,
            glitch.votes_count,
            glitch.votes_needed,
            glitch.leases_open,
            glitch.retired_at,
            glitch.retire_reason,
        )

    def retire(self, reason: str, now: datetime) -> None:
        self.retired_at, self.retire_reason = now, reason

    def keep_places(self) -> None:
        """Votes and live leases never exceed the votes needed, whatever the policy asks for now.

        A late vote, whose place was lent to somebody else meanwhile, is one more than was asked.
        """
        self.votes_needed = max(self.votes_needed, self.votes_count + self.leases_open)

    def write(self) -> None:
        self.keep_places()
        fetch(vars(self), WRITE)


@dataclass(frozen=True)
class Asked:
    """An assignment under the glitch's lock, with what else a vote on it needs to know.

    ``queue_key``: the glitch's place in the queue;
    ``vote_with_key``, ``vote_here``: earlier votes by the key and on this very question (ids);
    ``gold_class``: what experts say of the glitch (id).
    """

    queue_key: float
    id: int
    state: str
    stream: str
    workflow_id: int | None
    offered_id: int | None
    batch_glitch_id: int | None
    batch_id: int | None
    vote_with_key: int | None
    vote_here: int | None
    gold_class: int | None


@dataclass(frozen=True)
class CastBefore:
    """A vote as evidence: the ids of its class, of the list offered, its level and its skill.

    ``by_visitor``: cast without an account.
    """

    voted: int
    offered: int
    workflow: int | None
    skill: int | None
    by_visitor: bool = False


@dataclass(frozen=True)
class Evidence:
    """``probabilities``: the active version's, in the order of its class list, or None."""

    votes: Sequence[CastBefore]
    probabilities: Sequence[float] | None


def lock_standing(
    volunteer_id: int, assignment_id: int, key: UUID
) -> tuple[Standing, Asked] | None:
    """The glitch of the volunteer's own assignment, locked; None where it is not theirs.

    All is read by a statement that begins when the lock is held: the same request may have come
    twice at once.
    """
    if assignment_id > BigIntegerField.MAX_BIGINT:
        return None
    values = {"volunteer": volunteer_id, "assignment": assignment_id, "key": key}
    rows = fetch(values, LOCK, READ_ASKED)
    if not rows:
        return None
    ours = len(fields(Standing))
    return Standing(*rows[0][:ours]), Asked(*rows[0][ours:])


def cast_vote(values: dict[str, Any], version: int | None) -> tuple[int, int | None, Evidence]:
    """Insert the vote, close its assignment, count it for the volunteer.

    Returns the vote's id, the volunteer's skill (id) and the evidence without this vote.
    IntegrityError ``one_vote_an_idempotency_key`` where the key was used at the same moment.
    """
    ((vote_id, skill, votes, probabilities),) = fetch(values | {"version": version}, CAST)
    return vote_id, skill, _evidence(votes, probabilities)


def read_evidence(glitch_id: int, version: int | None, *, with_late: bool = False) -> Evidence:
    """The votes that a consensus goes by; ``with_late``: those after a retirement too."""
    values = {"glitch": glitch_id, "version": version, "with_late": with_late}
    (row,) = fetch(values, READ_EVIDENCE)
    return _evidence(*row)


def write_agreed(standing: Standing, agreed: dict[str, Any]) -> None:
    """Store the consensus and the standing that follows from it."""
    standing.keep_places()
    fetch(vars(standing) | agreed, WRITE_AGREED)


def _evidence(votes: list[list[Any]] | None, probabilities: list[float] | None) -> Evidence:
    return Evidence([CastBefore(*vote) for vote in votes or []], probabilities)
