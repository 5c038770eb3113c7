"""Votes: recorded once, acknowledged after the commit, never lost.

Lock order everywhere in this module: assignment's glitch, then its place in a batch, then the
volunteer.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import F
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
from labeling.services.assignments import give_lease_back
from labeling.services.batches import decide_batch_glitch
from labeling.services.consensus import update_consensus
from labeling.services.gold import count_gold_answer
from labeling.services.promotion import promote_if_ready


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
        assignment = _find_assignment(volunteer, assignment_id)
        glitch = Glitch.objects.select_for_update(no_key=True).get(pk=assignment.glitch_id)
        batch_glitch = _lock_batch_glitch(assignment)
        volunteer = User.objects.select_for_update(no_key=True).get(pk=volunteer.pk)
        # Read again under the locks: the same request may have come twice at once.
        assignment = _find_assignment(volunteer, assignment_id)
        voted = _check_answer(assignment, label, alike)
        earlier = _find_earlier(volunteer, assignment, idempotency_key)
        if earlier is not None:
            return _replay(earlier, assignment, idempotency_key, voted, alike)
        if assignment.state == Assignment.State.UNDONE:
            raise ConflictError("You took this vote back; vote anew.", code="vote_undone")
        return _record(volunteer, assignment, glitch, batch_glitch, voted, alike, idempotency_key)


def _find_assignment(volunteer: User, assignment_id: int) -> Assignment:
    found = (
        Assignment.objects.select_related("workflow", "offered")
        .filter(pk=assignment_id, volunteer=volunteer)
        .first()
    )
    if found is None:
        raise NotFoundError(
            f"Assignment {assignment_id} was never given to you; ask for the next glitch.",
            code="never_assigned",
        )
    return found


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
    voted = GlitchClass.objects.filter(label=label).first()
    if voted is None:
        raise LabelingError(
            f"There is no glitch class {label!r}; GET /api/v1/classes lists them.",
            code="unknown_class",
            label=label,
        )
    offered = assignment.offered.labels if assignment.offered else []
    if label not in offered:
        raise LabelingError(
            f"{voted.name_shown} was not among the classes offered for this glitch.",
            code="class_not_offered",
            label=label,
            offered=offered,
        )
    return voted


def _find_earlier(volunteer: User, assignment: Assignment, key: UUID) -> Vote | None:
    by_key = Vote.objects.filter(volunteer=volunteer, idempotency_key=key).first()
    if by_key is not None:
        return by_key
    answered = Vote.objects.filter(volunteer=volunteer, glitch_id=assignment.glitch_id)
    if assignment.batch_glitch_id is None:
        return answered.filter(batch=None).first()
    return answered.filter(batch__batch_glitches=assignment.batch_glitch_id).first()


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
    return gold.glitch_class if _could_answer(gold.glitch_class, vote) else None


def _could_answer(truth: GlitchClass, vote: Vote) -> bool:
    """Whether the right class was on the page: a glitch may become gold while it is open there."""
    return vote.offered is not None and truth.label in vote.offered.labels


def _record(
    volunteer: User,
    assignment: Assignment,
    glitch: Glitch,
    batch_glitch: BatchGlitch | None,
    voted: GlitchClass | None,
    alike: bool | None,
    key: UUID,
) -> Receipt:
    now = timezone.now()
    gold = None
    if batch_glitch is None:
        gold = GoldLabel.objects.select_related("glitch_class").filter(glitch=glitch).first()
    vote = Vote.objects.create(
        volunteer=volunteer,
        glitch=glitch,
        assignment=assignment,
        workflow=assignment.workflow,
        batch=batch_glitch.batch if batch_glitch else None,
        offered=assignment.offered,
        voted=voted,
        alike=alike,
        was_gold=gold is not None,
        after_retirement=_was_settled(glitch, batch_glitch),
        idempotency_key=key,
    )
    _close_assignment(assignment)
    was_gold = gold is not None
    if gold is not None and not _could_answer(gold.glitch_class, vote):
        gold = None
    volunteer.votes_cast = F("votes_cast") + 1
    promoted_to = None
    if gold is not None and voted is not None:
        volunteer.gold_seen = F("gold_seen") + 1
        volunteer.gold_correct = F("gold_correct") + int(gold.glitch_class_id == voted.pk)
        count_gold_answer(volunteer, gold.glitch_class, voted)
        promoted_to = promote_if_ready(volunteer)
    volunteer.save(update_fields=["votes_cast", "gold_seen", "gold_correct", "level"])
    if batch_glitch is not None:
        _count_in_batch(batch_glitch, now)
    elif not was_gold:
        _count_on_glitch(assignment, glitch, now)
    return Receipt(vote, True, gold.glitch_class if gold else None, promoted_to)


def _was_settled(glitch: Glitch, batch_glitch: BatchGlitch | None) -> bool:
    if batch_glitch is not None:
        return batch_glitch.decided_at is not None
    return glitch.retired_at is not None


def _close_assignment(assignment: Assignment) -> None:
    if assignment.state == Assignment.State.OPEN:
        give_lease_back(assignment)
    assignment.state = Assignment.State.VOTED
    assignment.save(update_fields=["state"])


def _count_on_glitch(assignment: Assignment, glitch: Glitch, now: datetime) -> None:
    glitch.votes_count += 1
    Glitch.objects.filter(pk=glitch.pk).update(votes_count=glitch.votes_count)
    workflow = glitch.workflow or assignment.workflow
    # A late vote on a retired glitch is kept as a vote; what was agreed stays agreed.
    if workflow is not None and glitch.retired_at is None:
        update_consensus(glitch, workflow, now)


def _count_in_batch(batch_glitch: BatchGlitch, now: datetime) -> None:
    batch_glitch.votes_count += 1
    BatchGlitch.objects.filter(pk=batch_glitch.pk).update(votes_count=batch_glitch.votes_count)
    if batch_glitch.decided_at is None and decide_batch_glitch(batch_glitch, now):
        jobs.enqueue_on_commit(jobs.CLOSE_BATCH, batch_id=batch_glitch.batch_id)
