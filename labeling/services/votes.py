"""Votes: recorded once, acknowledged after the commit, never lost.

Lock order everywhere in this module: assignment's glitch, then its place in a batch, then the
volunteer.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from labeling import jobs
from labeling.errors import ConflictError, LabelingError, NotFoundError
from labeling.models import Assignment, BatchGlitch, GlitchClass, GoldLabel, User, Vote
from labeling.services.batches import decide_batch_glitch
from labeling.services.consensus import update_consensus
from labeling.services.promotion import promote_if_ready
from labeling.services.skills import learn_gold_answer, write_learned
from labeling.services.standing import (
    Asked,
    CastBefore,
    Standing,
    cast_vote,
    lock_standing,
)
from labeling.services.taxonomy import current_taxonomy


@dataclass(frozen=True)
class Receipt:
    """What a volunteer is told after a vote.

    ``gold`` is the expert's class where the glitch was gold, else None; ``created`` is False
    where the vote had been recorded before; ``promoted_to`` is a level newly reached, told with
    the first receipt alone; ``undo_seconds`` is for how long ``undo_vote`` will not refuse, as
    far as can be said now.
    """

    vote: Vote
    created: bool
    gold: GlitchClass | None = None
    promoted_to: int | None = None
    undo_seconds: float = 0.0


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
        held = lock_standing(volunteer.pk, assignment_id, idempotency_key)
        if held is None:
            raise NotFoundError(
                _("Assignment %(assignment_id)s was never given to you; ask for the next glitch.")
                % {"assignment_id": assignment_id},
                code="never_assigned",
            )
        standing, asked = held
        place = _lock_place(asked)
        voted = _check_answer(asked, label, alike)
        earlier = _find_earlier(asked)
        if earlier is not None:
            return _replay(earlier, standing, place, voted, alike)
        if asked.state == Assignment.State.UNDONE:
            raise ConflictError(_("You took this vote back; vote anew."), code="vote_undone")
        return _record(volunteer, asked, standing, place, voted, alike, idempotency_key)


def _lock_place(asked: Asked) -> BatchGlitch | None:
    if asked.batch_glitch_id is None:
        return None
    locked = BatchGlitch.objects.select_for_update(no_key=True, of=("self",))
    return locked.select_related("batch").get(pk=asked.batch_glitch_id)


def _check_answer(asked: Asked, label: str | None, alike: bool | None) -> GlitchClass | None:
    """The class voted for, or None for a batch question; raises what is wrong with the answer."""
    if asked.stream == Assignment.Stream.BATCH:
        if alike is None or label is not None:
            raise LabelingError(
                _(
                    "This assignment asks whether the glitch looks like the others: answer with "
                    "'alike' true or false."
                ),
                code="wrong_question",
            )
        return None
    if label is None or alike is not None:
        raise LabelingError(
            _("This assignment asks for the class of the glitch: answer with 'label'."),
            code="wrong_question",
        )
    taxonomy = current_taxonomy(knowing=label)
    voted = taxonomy.class_labeled(label)
    if voted is None:
        raise LabelingError(
            _("There is no glitch class %(label)r; GET /api/v1/classes lists them.")
            % {"label": label},
            code="unknown_class",
            label=label,
        )
    offered = taxonomy.labels_of_list(asked.offered_id) if asked.offered_id else []
    if label not in offered:
        raise LabelingError(
            _("%(voted)s was not among the classes offered for this glitch.")
            % {"voted": voted.name_shown},
            code="class_not_offered",
            label=label,
            offered=offered,
        )
    return voted


def _find_earlier(asked: Asked) -> Vote | None:
    """The vote that used the key, else the one on this very question."""
    pk = asked.vote_with_key or asked.vote_here
    return Vote.objects.get(pk=pk) if pk else None


def _replay(
    earlier: Vote,
    standing: Standing,
    place: BatchGlitch | None,
    voted: GlitchClass | None,
    alike: bool | None,
) -> Receipt:
    """The first receipt for the same answer; a refusal for a different one."""
    if earlier.glitch_id != standing.glitch_id:
        raise ConflictError(
            _("This idempotency key belongs to a vote on another glitch; use a new key a vote."),
            code="idempotency_conflict",
        )
    same = earlier.voted_id == (voted.pk if voted else None) and earlier.alike == alike
    if not same:
        raise ConflictError(
            _("You have voted differently on this glitch already; the first vote stands."),
            code="already_voted",
            vote=earlier.pk,
        )
    left = _undo_seconds(earlier, place.decided_at if place else standing.retired_at)
    return Receipt(vote=earlier, created=False, gold=_gold_class(earlier), undo_seconds=left)


def _undo_seconds(vote: Vote, settled_at: datetime | None) -> float:
    """For how long the vote can be taken back; ``services.undo`` says what stands at once."""
    if vote.was_gold or settled_at is not None:
        return 0.0
    age = (timezone.now() - vote.created_at).total_seconds()
    return max(0.0, round(settings.UNDO_SECONDS - age, 3))


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
    asked: Asked,
    standing: Standing,
    place: BatchGlitch | None,
    voted: GlitchClass | None,
    alike: bool | None,
    key: UUID,
) -> Receipt:
    now = timezone.now()
    taxonomy = current_taxonomy()
    vote = Vote(
        volunteer=volunteer,
        glitch_id=standing.glitch_id,
        assignment_id=asked.id,
        workflow_id=asked.workflow_id,
        batch_id=asked.batch_id,
        offered_id=asked.offered_id,
        voted=voted,
        alike=alike,
        was_gold=place is None and asked.gold_class is not None,
        after_retirement=(place.decided_at if place else standing.retired_at) is not None,
        idempotency_key=key,
        created_at=now,
    )
    version = taxonomy.version.pk if taxonomy.version else None
    if asked.stream == Assignment.Stream.POOL:
        volunteer.queue_place = asked.queue_key
    vote.pk, skill, before = cast_vote(_columns(vote), version)
    if place is not None:
        _count_in_batch(place, asked, now)
        return Receipt(vote, True, undo_seconds=_undo_seconds(vote, place.decided_at))
    counted = asked.stream in Assignment.COUNTED_ON_GLITCH
    had_lease = counted and asked.state == Assignment.State.OPEN
    if had_lease:
        standing.leases_open = max(standing.leases_open - 1, 0)
    if vote.was_gold:
        if had_lease:  # it became gold while it lay open
            standing.write()
        return _answer_gold(vote, asked, now)
    standing.votes_count += 1
    standing.workflow_id = standing.workflow_id or asked.workflow_id
    # A late vote on a retired glitch is kept as a vote; what was agreed stays agreed.
    if standing.retired_at is not None:
        if not had_lease and asked.stream != Assignment.Stream.AUDIT:
            standing.votes_needed += 1  # none of the places that the audit asks for
        standing.write()
    elif voted is not None and asked.offered_id is not None:
        this = CastBefore(
            voted.pk, asked.offered_id, asked.workflow_id, skill, volunteer.is_visitor
        )
        evidence = replace(before, votes=[*before.votes, this])
        update_consensus(standing, taxonomy, evidence, now)
    return Receipt(vote, True, undo_seconds=_undo_seconds(vote, standing.retired_at))


def _columns(vote: Vote) -> dict[str, Any]:
    return {
        "volunteer": vote.volunteer_id,
        "glitch": vote.glitch_id,
        "assignment": vote.assignment_id,
        "workflow": vote.workflow_id,
        "batch": vote.batch_id,
        "offered": vote.offered_id,
        "voted": vote.voted_id,
        "alike": vote.alike,
        "was_gold": vote.was_gold,
        "after_retirement": vote.after_retirement,
        "key": vote.idempotency_key,
        "now": vote.created_at,
        "place": vote.volunteer.queue_place,
    }


def _answer_gold(vote: Vote, asked: Asked, now: datetime) -> Receipt:
    """The experts' answer, and what it teaches; nothing where it was not on the page."""
    gold = current_taxonomy().class_of(asked.gold_class)
    if vote.voted is None or not _could_answer(gold, vote.offered_id):
        return Receipt(vote, True)
    promoted_to = _count_gold_answer(vote.volunteer, gold, vote.voted, now)
    return Receipt(vote, True, gold, promoted_to)


def _count_gold_answer(
    volunteer: User, gold: GlitchClass, voted: GlitchClass, now: datetime
) -> int | None:
    """Learn from the answer; the level reached by it, or None."""
    held = User.objects.select_for_update(no_key=True, of=("self",)).select_related("skill")
    answering = held.get(pk=volunteer.pk)
    answering.gold_seen += 1
    answering.gold_correct += int(gold.pk == voted.pk)
    learn_gold_answer(answering, gold, voted, now)
    promoted_to = promote_if_ready(answering)
    write_learned(answering)
    volunteer.level = answering.level
    return promoted_to


def _count_in_batch(place: BatchGlitch, asked: Asked, now: datetime) -> None:
    if asked.state == Assignment.State.OPEN:
        place.leases_open = max(place.leases_open - 1, 0)
    place.votes_count += 1
    # A late vote may find its place lent to somebody else.
    place.votes_needed = max(place.votes_needed, place.votes_count + place.leases_open)
    if place.decided_at is not None:
        place.save(update_fields=["votes_count", "leases_open", "votes_needed"])
    elif decide_batch_glitch(place, now):
        jobs.enqueue_on_commit(jobs.CLOSE_BATCH, batch_id=place.batch_id)
