"""Votes taken back within seconds: a slip of the finger is no opinion.

A vote is sent and stored at once and only then shown as taken: one held back in the browser could
be lost with it, and the answer to a gold glitch would come late. Taking it back is a write of its
own. It is refused where something was told or done because of the vote: an expert's answer, or a
glitch that is settled. So nobody can look at a gold answer first and choose afterwards.
"""

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from labeling.errors import ConflictError, NotFoundError
from labeling.models import Assignment, BatchGlitch, Consensus, Glitch, User, Vote
from labeling.selectors.assignments import OpenAssignment, open_assignments
from labeling.selectors.talk import undoable_since
from labeling.services.assignments import take_lease
from labeling.services.audit import record_deed
from labeling.services.batches import decide_batch_glitch
from labeling.services.consensus import update_consensus
from labeling.services.standing import Standing, read_evidence
from labeling.services.taxonomy import current_taxonomy

MOST_OPEN = 100  # two tabs and undone votes; more than anybody holds


@transaction.atomic
def undo_vote(volunteer: User, assignment_id: int) -> OpenAssignment:
    """Take the vote on an assignment back; the same glitch, lent anew, is the answer.

    Asked again it gives the same assignment, as long as that is open. The vote is deleted and its
    deed recorded; the glitch's counts, level and consensus are as if it had not been cast. The old
    assignment stays undone for ever, so that a late copy of the same request cannot cast the vote
    again.

    Lock order as for a vote: glitch, its place in a batch, volunteer.

    Raises:
        NotFoundError ``no_vote``; ConflictError ``undo_too_late``, ``undo_gold``,
        ``undo_settled``, ``undo_done``.
    """
    assignment = Assignment.objects.filter(pk=assignment_id, volunteer=volunteer).first()
    if assignment is None:
        raise _no_vote()
    glitch = Glitch.objects.select_for_update(no_key=True).get(pk=assignment.glitch_id)
    place = _lock_place(assignment)
    volunteer = User.objects.select_for_update(no_key=True).get(pk=volunteer.pk)
    assignment.refresh_from_db()
    now = timezone.now()
    if assignment.state != Assignment.State.UNDONE:
        _take_back(assignment, glitch, place, volunteer, now)
    return _replacement(assignment, now)


def _take_back(
    assignment: Assignment,
    glitch: Glitch,
    place: BatchGlitch | None,
    volunteer: User,
    now: datetime,
) -> None:
    vote = Vote.objects.filter(assignment=assignment).select_related("voted").first()
    if vote is None:
        raise _no_vote()
    _check_free(vote, glitch, place, now)
    User.objects.filter(pk=volunteer.pk).update(votes_cast=F("votes_cast") - 1)
    answer = vote.voted.label if vote.voted else vote.alike
    record_deed(volunteer, "undo_vote", f"glitch {glitch.gravityspy_id}", answer=answer)
    vote.delete()
    Assignment.objects.filter(pk=assignment.pk).update(state=Assignment.State.UNDONE)
    if place is None:
        _forget_on_glitch(glitch, assignment.workflow_id, now)
    else:
        _forget_in_batch(place, now)
    take_lease(assignment, now)


def _no_vote() -> NotFoundError:
    return NotFoundError(_("There is no vote of yours to take back here."), code="no_vote")


def _lock_place(assignment: Assignment) -> BatchGlitch | None:
    if assignment.batch_glitch_id is None:
        return None
    locked = BatchGlitch.objects.select_for_update(no_key=True, of=("self",))
    return locked.select_related("batch").get(pk=assignment.batch_glitch_id)


def _replacement(assignment: Assignment, now: datetime) -> OpenAssignment:
    """What was lent for the vote taken back. The caller holds the glitch, so it stays open."""
    lent = Assignment.objects.filter(
        volunteer=assignment.volunteer_id,
        glitch=assignment.glitch_id,
        batch_glitch=assignment.batch_glitch_id,
        pk__gt=assignment.pk,
    )
    latest = lent.values_list("pk", flat=True).order_by("pk").last()
    shown = open_assignments(assignment.volunteer_id, now, at_most=MOST_OPEN)
    again = next((one for one in shown if one.pk == latest), None)
    if again is None:
        raise ConflictError(
            _("You took this vote back before, and what came in its place is no longer open."),
            code="undo_done",
        )
    return again


def _check_free(vote: Vote, glitch: Glitch, place: BatchGlitch | None, now: datetime) -> None:
    """Refuse where the vote has had its effect already."""
    if vote.created_at < undoable_since(now):
        raise ConflictError(
            _("A vote can be taken back for %(undo_seconds)s seconds; this one stands.")
            % {"undo_seconds": settings.UNDO_SECONDS},
            code="undo_too_late",
        )
    if vote.was_gold:
        raise ConflictError(
            _("Experts had labeled this glitch, and what they say follows the vote; it stands."),
            code="undo_gold",
        )
    settled_at = glitch.retired_at if place is None else place.decided_at
    if settled_at is not None:
        raise ConflictError(
            _("This glitch is settled, and others go by it already; the vote stands."),
            code="undo_settled",
        )


def _forget_on_glitch(glitch: Glitch, asked_at: int | None, now: datetime) -> None:
    """Count, level and consensus without the vote; one lease takes its place below the limit.

    ``asked_at``: the workflow (id) that the vote was asked at. Judged there by the other votes
    alone, the glitch moves up again where they had moved it, and stays where this vote had.
    """
    standing, taxonomy = Standing.of(glitch), current_taxonomy()
    standing.votes_count -= 1
    standing.workflow_id = asked_at or glitch.workflow_id
    evidence = read_evidence(glitch.pk, taxonomy.version.pk if taxonomy.version else None)
    if evidence.votes:
        update_consensus(standing, taxonomy, evidence, now)
    else:
        Consensus.objects.filter(glitch=glitch).delete()
    if standing.workflow_id != asked_at:  # they may have moved it more than once
        standing.workflow_id = glitch.workflow_id
    # Somebody else may hold the lease that this vote had made room for.
    standing.votes_needed = max(standing.votes_needed, glitch.votes_needed)
    standing.write()


def _forget_in_batch(place: BatchGlitch, now: datetime) -> None:
    place.votes_count -= 1
    BatchGlitch.objects.filter(pk=place.pk).update(votes_count=place.votes_count)
    needed = place.votes_needed
    decide_batch_glitch(place, now)
    BatchGlitch.objects.filter(pk=place.pk, votes_needed__lt=needed).update(votes_needed=needed)
