"""Proposals: what a reviewer decides, and how a class is born.

``proposed -> in_vote -> accepted | rejected | merged``; each step is kept with who, when and why.
"""

import re

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from labeling import jobs
from labeling.errors import ConflictError, LabelingError
from labeling.models import (
    Batch,
    GlitchClass,
    GoldLabel,
    Proposal,
    ProposalEvent,
    ProposalMember,
    User,
)
from labeling.selectors.trainable import EXAMPLES_MIN
from labeling.services.audit import record_deed
from labeling.services.batches import confirmed_glitches, create_batch, end_batch
from labeling.services.classes import add_class
from labeling.services.gold import add_gold_label
from labeling.services.retraining import (
    BIRTHS_TOGETHER_SECONDS,
    Due,
    Trigger,
    ask_for_training,
)
from labeling.words import word

LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_]{1,62}")


def _lock(proposal_id: int) -> Proposal:
    proposal = Proposal.objects.select_for_update(no_key=True).filter(pk=proposal_id).first()
    if proposal is None:
        raise LabelingError(
            _("There is no proposal %(proposal_id)s.") % {"proposal_id": proposal_id},
            code="not_found",
            http_status=404,
        )
    return proposal


def _move(proposal: Proposal, to: Proposal.State, by: User | None, reason: str) -> None:
    """Move along an arrow; the database forbids every other way."""
    allowed = {
        Proposal.State.IN_VOTE: {Proposal.State.PROPOSED},
        Proposal.State.ACCEPTED: {Proposal.State.IN_VOTE},
        Proposal.State.REJECTED: {Proposal.State.PROPOSED, Proposal.State.IN_VOTE},
        Proposal.State.MERGED: {Proposal.State.PROPOSED, Proposal.State.IN_VOTE},
    }
    if proposal.state not in allowed[to]:
        raise ConflictError(
            _(
                "Proposal %(proposal)s is %(state)s already and cannot become %(label)s; "
                "reload it to see who decided."
            )
            % {
                "proposal": proposal.pk,
                "state": word(proposal.state),
                "label": word(to),
            },
            code="proposal_state",
            state=proposal.state,
        )
    ProposalEvent.objects.create(
        proposal=proposal, from_state=proposal.state, to_state=to, by=by, reason=reason
    )
    proposal.state = to
    proposal.save()
    record_deed(by, f"proposal_{to}", f"proposal {proposal.pk}", reason=reason)


def check_label(name: str) -> str:
    """A label from a name as a person types it. Raises LabelingError ``bad_class_name`` or
    ConflictError ``class_exists``.

    >>> check_label("Reverse chirp")  # doctest: +SKIP
    'Reverse_chirp'
    """
    label = re.sub(r"[\s-]+", "_", name.strip())
    if not LABEL.fullmatch(label):
        raise LabelingError(
            _("%(name)r cannot name a class: use 2 to 63 letters, digits, spaces or underscores.")
            % {"name": name},
            code="bad_class_name",
        )
    if GlitchClass.objects.filter(label__iexact=label).exists():
        raise ConflictError(
            _("A glitch class %(label)s exists already; merge into it or choose another name.")
            % {"label": label},
            code="class_exists",
        )
    return label


def _check_name(proposal: Proposal, name: str) -> str:
    """A label for a proposal: of no class, and of no other proposal that is in vote."""
    label = check_label(name)
    in_vote = Proposal.objects.filter(state=Proposal.State.IN_VOTE, name__iexact=label)
    other = in_vote.exclude(pk=proposal.pk).first()
    if other is not None:
        raise ConflictError(
            _(
                "Proposal %(other)s is in vote as %(label)s; choose another name, or reject one of "
                "the two."
            )
            % {"other": other.pk, "label": label},
            code="name_in_vote",
            proposal=other.pk,
        )
    return label


@transaction.atomic
def rename_proposal(proposal_id: int, *, name: str, by: User | None) -> Proposal:
    """Name the class that an undecided proposal may become."""
    proposal = _lock(proposal_id)
    if proposal.state not in {Proposal.State.PROPOSED, Proposal.State.IN_VOTE}:
        raise ConflictError(
            _("Proposal %(proposal)s was decided already; its name stands.")
            % {"proposal": proposal.pk},
            code="proposal_state",
        )
    proposal.name = _check_name(proposal, name)
    proposal.save(update_fields=["name"])
    record_deed(by, "proposal_rename", f"proposal {proposal.pk}", name=proposal.name)
    return proposal


@transaction.atomic
def accept_for_vote(
    proposal_id: int,
    *,
    name: str,
    by: User | None,
    description: str = "",
    reason: str = "",
    seed: int = 0,
) -> Proposal:
    """Send the proposal's members to volunteers as a batch.

    ``description``: what the class looks like, for the field guide; it can still be given at birth.
    """
    proposal = _lock(proposal_id)
    proposal.name = _check_name(proposal, name)
    proposal.description = description.strip() or proposal.description
    _move(proposal, Proposal.State.IN_VOTE, by, reason)
    create_batch(proposal, seed=seed)
    return proposal


@transaction.atomic
def reject_proposal(proposal_id: int, *, by: User | None, reason: str) -> Proposal:
    """Reject with a reason; raises LabelingError ``reason_missing`` without one."""
    if not reason.strip():
        raise LabelingError(_("Say why the proposal is rejected."), code="reason_missing")
    proposal = _lock(proposal_id)
    _move(proposal, Proposal.State.REJECTED, by, reason)
    Batch.objects.filter(proposal=proposal).update(state=Batch.State.CLOSED)
    return proposal


@transaction.atomic
def merge_proposal(proposal_id: int, *, into: int, by: User | None, reason: str = "") -> Proposal:
    """Move the members of one proposal into another that is still to be decided."""
    if proposal_id == into:
        raise LabelingError(_("A proposal cannot be merged into itself."), code="merge_into_itself")
    # The lower id first: two merges at once cannot wait for each other.
    locked = {pk: _lock(pk) for pk in sorted((proposal_id, into))}
    proposal, target = locked[proposal_id], locked[into]
    if target.state != Proposal.State.PROPOSED:
        raise ConflictError(
            _(
                "Proposal %(into)s is %(target)s; only one that is still to be decided takes "
                "members."
            )
            % {"into": into, "target": word(target.state)},
            code="proposal_state",
        )
    present = set(target.members.values_list("glitch_id", flat=True))
    ProposalMember.objects.bulk_create(
        ProposalMember(proposal=target, glitch_id=m.glitch_id, distance=m.distance)
        for m in proposal.members.all()
        if m.glitch_id not in present
    )
    proposal.merged_into = target
    _move(proposal, Proposal.State.MERGED, by, reason or f"merged into proposal {into}")
    Batch.objects.filter(proposal=proposal).update(state=Batch.State.CLOSED)
    return target


@transaction.atomic
def close_vote(proposal_id: int, *, by: User | None, reason: str = "") -> Proposal:
    """End a vote that too few volunteers are left to finish; the votes so far decide.

    Raises ConflictError ``batch_closed`` where no vote is open.
    """
    proposal = _lock(proposal_id)
    open_batch = Batch.objects.select_for_update(no_key=True).filter(
        proposal=proposal, state=Batch.State.OPEN
    )
    batch = open_batch.first()
    if batch is None:
        raise ConflictError(
            _("No vote is open on proposal %(proposal)s; reload it to see how it ended.")
            % {"proposal": proposal.pk},
            code="batch_closed",
        )
    end_batch(batch)
    record_deed(by, "close_vote", f"proposal {proposal.pk}", reason=reason)
    return proposal


@transaction.atomic
def accept_proposal(
    proposal_id: int, *, by: User | None, description: str = "", reason: str = ""
) -> GlitchClass:
    """A class is born: versioned, with the confirmed members as its first gold.

    A ``description`` replaces the one that the proposal has. Asks for a training, which knows the
    class from then on.

    Raises:
        ConflictError ``batch_open`` while volunteers still vote; LabelingError
        ``too_few_confirmed`` where they confirmed too few to train on.
    """
    proposal = _lock(proposal_id)
    batch = Batch.objects.filter(proposal=proposal).first()
    if batch is not None and batch.state == Batch.State.OPEN:
        raise ConflictError(
            _(
                "Volunteers still vote on proposal %(proposal)s; wait until its batch is closed, "
                "or close it."
            )
            % {"proposal": proposal.pk},
            code="batch_open",
        )
    confirmed = confirmed_glitches(batch) if batch else []
    if batch is not None and len(confirmed) < EXAMPLES_MIN:
        raise LabelingError(
            _(
                "Volunteers confirmed %(confirmed)s members; a class needs %(examples_min)s. "
                "Reject the proposal, or wait for more glitches like it."
            )
            % {"confirmed": len(confirmed), "examples_min": EXAMPLES_MIN},
            code="too_few_confirmed",
        )
    proposal.description = description.strip() or proposal.description
    _move(proposal, Proposal.State.ACCEPTED, by, reason)
    label = check_label(proposal.name)
    glitch_class = add_class(label, label.replace("_", " "), proposal.description)
    glitch_class.proposal = proposal
    glitch_class.save(update_fields=["proposal"])
    for glitch in confirmed:
        add_gold_label(glitch, glitch_class, by=by, origin=GoldLabel.Origin.BATCH)
    # A training under way is no obstacle to a birth: the next one knows the class.
    born = Due(Trigger.NEW_CLASS, f"a class was born: {label}")
    ask_for_training(born, timezone.now(), by=by)
    jobs.enqueue_on_commit(jobs.SWEEP_RETRAINING, delay_seconds=BIRTHS_TOGETHER_SECONDS)
    return glitch_class
