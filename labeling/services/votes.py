"""Votes: recorded once, acknowledged after the commit, never lost.

Lock order everywhere in this module: assignment's glitch, then its place in a batch, then the
volunteer.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from labeling import jobs
from labeling.errors import ConflictError, LabelingError, NotFoundError
from labeling.models import (
    Assignment,
    BatchGlitch,
    Glitch,
    GlitchClass,
    GoldLabel,
    User,
    Vote,
)
from labeling.services.batches import decide_batch_glitch
from labeling.services.consensus import FOLLOWS, update_consensus
from labeling.services.promotion import promote_if_ready
from labeling.services.skills import record_gold_answer
from labeling.services.taxonomy import current_taxonomy


@dataclass(frozen=True)
class Receipt:
    """What a volunteer is told after a vote.

    ``gold`` is the expert's class where the glitch was gold, else None; ``created`` is False
    where the vote had been recorded before; ``promoted_to`` is a level newly reached.
    """

    vote: Vote
    created: bool
    gold: GlitchClass | None = None
    promoted_to: int | None = None


def record_vote(
    volunteer: User,
    assignment_id: int,
    *,
    idempotency_key: UUID,
    label: str | None = None,
    alike: bool | None = None,
) -> Receipt:
    """Record one answer to an assignment.

    The same answer again gives the first receipt. A lease that ran out while the volunteer
    thought does not matter; a vote on a glitch retired meanwhile is kept and changes nothing.

    Raises:
        NotFoundError ``never_assigned``; LabelingError ``unknown_class``, ``class_not_offered``,
        ``wrong_question``; ConflictError ``already_voted``, ``idempotency_conflict``,
        ``vote_undone``.
    """
    with transaction.atomic():
        glitch = _lock_glitch(volunteer, assignment_id)
        # Read under the lock: the same request may have come twice at once.
        assignment = _read_assignment(volunteer, assignment_id, idempotency_key)
        batch_glitch = _lock_batch_glitch(assignment)
        voted = _check_answer(assignment, label, alike)
        earlier = _find_earlier(assignment)
        if earlier is not None:
            return _replay(earlier, assignment, idempotency_key, voted, alike)
        if assignment.state == Assignment.State.UNDONE:
            raise ConflictError("You took this vote back; vote anew.", code="vote_undone")
        return _record(volunteer, assignment, glitch, batch_glitch, voted, alike, idempotency_key)


def _lock_glitch(volunteer: User, assignment_id: int) -> Glitch:
    locked = Glitch.objects.select_for_update(no_key=True, of=("self",))
    found = locked.filter(assignments=assignment_id, assignments__volunteer=volunteer).first()
    if found is None:
        raise NotFoundError(
            f"Assignment {assignment_id} was never given to you; ask for the next glitch.",
            code="never_assigned",
        )
    return found


def _read_assignment(volunteer: User, assignment_id: int, key: UUID) -> Assignment:
    """With ``vote_with_key``, ``vote_here`` (ids of earlier votes) and ``gold_class`` (id)."""
    mine = Vote.objects.filter(volunteer=volunteer)
    here = (
        mine.filter(glitch=OuterRef("glitch"))
        .annotate(question=Coalesce("batch_id", 0))
        .filter(question=Coalesce(OuterRef("batch_glitch__batch_id"), 0))
    )
    gold = GoldLabel.objects.filter(glitch=OuterRef("glitch"))
    return Assignment.objects.annotate(
        vote_with_key=Subquery(mine.filter(idempotency_key=key).values("pk")),
        vote_here=Subquery(here.values("pk")[:1]),
        gold_class=Subquery(gold.values("glitch_class")),
    ).get(pk=assignment_id)


def _lock_batch_glitch(assignment: Assignment) -> BatchGlitch | None:
    if assignment.batch_glitch_id is None:
        return None
    locked = BatchGlitch.objects.select_for_update(no_key=True, of=("self",)).select_related(
        "batch"
    )
    return locked.get(pk=assignment.batch_glitch_id)


def _check_answer(
    assignment: Assignment, label: str | None, alike: bool | None
) -> GlitchClass | None:
    """The class voted for, or None for a batch question; raises what is wrong with the answer."""
    if assignment.stream == Assignment.Stream.BATCH:
        if alike is None or label is not None:
            raise LabelingError(
                "This assignment asks whether the glitch looks like the others: answer with "
                "'alike' true or false.",
                code="wrong_question",
            )
        return None
    if label is None or alike is not None:
        raise LabelingError(
            "This assignment asks for the class of the glitch: answer with 'label'.",
            code="wrong_question",
        )
    taxonomy = current_taxonomy(knowing=label)
    voted = taxonomy.class_labeled(label)
    if voted is None:
        raise LabelingError(
            f"There is no glitch class {label!r}; GET /api/v1/classes lists them.",
            code="unknown_class",
            label=label,
        )
    offered = taxonomy.labels_of_list(assignment.offered_id) if assignment.offered_id else []
    if label not in offered:
        raise LabelingError(
            f"{voted.name_shown} was not among the classes offered for this glitch.",
            code="class_not_offered",
            label=label,
            offered=offered,
        )
    return voted


def _find_earlier(assignment: Any) -> Vote | None:
    """The vote that used the key, else the one on this very question."""
    pk = assignment.vote_with_key or assignment.vote_here
    return Vote.objects.get(pk=pk) if pk else None


def _replay(
    earlier: Vote,
    assignment: Assignment,
    key: UUID,
    voted: GlitchClass | None,
    alike: bool | None,
) -> Receipt:
    """The first receipt for the same answer; a refusal for a different one."""
    if earlier.glitch_id != assignment.glitch_id:
        raise ConflictError(
            "This idempotency key belongs to a vote on another glitch; use a new key a vote.",
            code="idempotency_conflict",
        )
    same = earlier.voted_id == (voted.pk if voted else None) and earlier.alike == alike
    if not same:
        raise ConflictError(
            "You have voted differently on this glitch already; the first vote stands.",
            code="already_voted",
            vote=earlier.pk,
        )
    return Receipt(vote=earlier, created=False, gold=_gold_class(earlier))


def _gold_class(vote: Vote) -> GlitchClass | None:
    if not vote.was_gold:
        return None
    gold = GoldLabel.objects.select_related("glitch_class").get(glitch=vote.glitch_id)
    return gold.glitch_class if _could_answer(gold.glitch_class, vote.offered_id) else None


def _could_answer(truth: GlitchClass, offered_id: int | None) -> bool:
    """Whether the right class was on the page: a glitch may become gold while it is open there."""
    return offered_id is not None and truth.label in current_taxonomy().labels_of_list(offered_id)


def _record(
    volunteer: User,
    assignment: Any,
    glitch: Glitch,
    batch_glitch: BatchGlitch | None,
    voted: GlitchClass | None,
    alike: bool | None,
    key: UUID,
) -> Receipt:
    now = timezone.now()
    was_gold = batch_glitch is None and assignment.gold_class is not None
    vote = Vote.objects.create(
        volunteer=volunteer,
        glitch=glitch,
        assignment=assignment,
        workflow_id=assignment.workflow_id,
        batch_id=batch_glitch.batch_id if batch_glitch else None,
        offered_id=assignment.offered_id,
        voted=voted,
        alike=alike,
        was_gold=was_gold,
        after_retirement=_was_settled(glitch, batch_glitch),
        idempotency_key=key,
    )
    had_lease = assignment.state == Assignment.State.OPEN
    Assignment.objects.filter(pk=assignment.pk).update(state=Assignment.State.VOTED)
    if batch_glitch is not None:
        _count_in_batch(batch_glitch, had_lease, now)
    else:
        pool_lease = had_lease and assignment.stream == Assignment.Stream.POOL
        _count_on_glitch(assignment, glitch, pool_lease, was_gold, now)
    if was_gold and voted is not None:
        gold = GlitchClass.objects.get(pk=assignment.gold_class)
        if _could_answer(gold, assignment.offered_id):
            return Receipt(vote, True, gold, _count_gold_answer(volunteer, gold, voted, now))
    User.objects.filter(pk=volunteer.pk).update(votes_cast=F("votes_cast") + 1)
    return Receipt(vote, True)


def _count_gold_answer(
    volunteer: User, gold: GlitchClass, voted: GlitchClass, now: datetime
) -> int | None:
    """Learn from the answer; the level reached by it, or None."""
    held = User.objects.select_for_update(no_key=True, of=("self",)).select_related("skill")
    answering = held.get(pk=volunteer.pk)
    answering.votes_cast += 1
    answering.gold_seen += 1
    answering.gold_correct += int(gold.pk == voted.pk)
    record_gold_answer(answering, gold, voted, now)
    promoted_to = promote_if_ready(answering)
    answering.save(update_fields=["votes_cast", "gold_seen", "gold_correct", "skill", "level"])
    volunteer.level = answering.level
    return promoted_to


def _was_settled(glitch: Glitch, batch_glitch: BatchGlitch | None) -> bool:
    if batch_glitch is not None:
        return batch_glitch.decided_at is not None
    return glitch.retired_at is not None


def _count_on_glitch(
    assignment: Assignment, glitch: Glitch, had_lease: bool, was_gold: bool, now: datetime
) -> None:
    """Lease, count and what follows from the vote, in one write of the glitch."""
    if had_lease:
        glitch.leases_open = max(glitch.leases_open - 1, 0)
    if not was_gold:
        glitch.votes_count += 1
        glitch.workflow_id = glitch.workflow_id or assignment.workflow_id
        # A late vote on a retired glitch is kept as a vote; what was agreed stays agreed.
        if glitch.retired_at is None:
            update_consensus(glitch, now)
    if had_lease or not was_gold:
        glitch.save(update_fields=["leases_open", "votes_count", *FOLLOWS])


def _count_in_batch(batch_glitch: BatchGlitch, had_lease: bool, now: datetime) -> None:
    if had_lease:
        batch_glitch.leases_open = max(batch_glitch.leases_open - 1, 0)
    batch_glitch.votes_count += 1
    batch_glitch.save(update_fields=["votes_count", "leases_open"])
    if batch_glitch.decided_at is None and decide_batch_glitch(batch_glitch, now):
        jobs.enqueue_on_commit(jobs.CLOSE_BATCH, batch_id=batch_glitch.batch_id)
