"""Assignments: which glitch a volunteer gets next, and the leases that keep count.

Votes and live leases of a glitch never exceed the votes it needs. Both counts stand on the
glitch's own row, so that Postgres re-checks them after it waited for a lock: a count over another
table would be read from the snapshot of before. Rows are locked FOR NO KEY UPDATE: nothing here
changes a key, and the foreign-key checks of other commits must not wait.
"""

from datetime import datetime, timedelta

import numpy as np
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from labeling.errors import ForbiddenError
from labeling.models import (
    Assignment,
    Batch,
    BatchGlitch,
    Glitch,
    GlitchClass,
    GoldLabel,
    User,
    Vote,
    Workflow,
)
from labeling.selectors.classes import labels_of, offered_classes
from labeling.selectors.examples import shown_gold
from labeling.services.classes import freeze_class_list
from ml.crowd.promotion import gold_share

MOST_AHEAD = 3


def next_assignments(
    volunteer: User, *, want: int = 1, level: int | None = None, rng: np.random.Generator
) -> list[Assignment]:
    """The volunteer's open assignments, filled up to ``want`` (at most 3); the oldest first.

    Asked again it gives the same ones: a reload wastes no lease. An empty list means that nothing
    is left for this volunteer at the levels reached. ForbiddenError ``level_not_reached``.
    """
    if level is not None and level > volunteer.level:
        raise ForbiddenError(
            f"Level {level} opens when you have mastered level {volunteer.level}.",
            code="level_not_reached",
        )
    now = timezone.now()
    want = max(1, min(want, MOST_AHEAD))
    open_now = list(
        Assignment.objects.filter(
            volunteer=volunteer, state=Assignment.State.OPEN, leased_until__gt=now
        )
        .select_related("glitch", "workflow", "offered", "batch_glitch__batch__proposal")
        .order_by("pk")[:MOST_AHEAD]
    )
    while len(open_now) < want:
        assignment = assign_next(volunteer, level=level, rng=rng)
        if assignment is None:
            break
        open_now.append(assignment)
    return open_now


def assign_next(
    volunteer: User, *, level: int | None = None, rng: np.random.Generator
) -> Assignment | None:
    """Lend one glitch to a volunteer, or None where nothing is left at the levels reached.

    Streams are mixed by chance: gold by its schedule, batch questions while a batch is open, else
    the pool. A stream that is empty hands over to the others; gold alone is served only to those
    who can still rise, since it needs no votes.
    """
    reached = _reached_levels(volunteer, level)
    for last_try in (False, True):
        assignment = _assign_once(volunteer, reached, rng)
        if assignment is not None or last_try:
            return assignment
        # Leases of people who left may be all that stands in the way.
        if expire_leases(timezone.now()) == 0:
            return None
    return None


def _reached_levels(volunteer: User, level: int | None) -> list[Workflow]:
    reached = Workflow.objects.filter(is_open=True, level__lte=volunteer.level)
    if level is not None:
        reached = reached.filter(level=level)
    return list(reached.order_by("-level"))


def _assign_once(
    volunteer: User, reached: list[Workflow], rng: np.random.Generator
) -> Assignment | None:
    now = timezone.now()
    start = float(rng.random())
    if reached and rng.random() < gold_share(volunteer.votes_cast):
        # At the level that the pool is served from: another one would tell gold from the rest.
        level = next((w for w in reached if _pool(volunteer, w).exists()), reached[0])
        gold = _assign_gold(volunteer, level, start, rng, now)
        if gold is not None:
            return gold
    batch_first = rng.random() < settings.BATCH_SHARE
    if batch_first:
        assignment = _assign_from_batch(volunteer, start, now)
        if assignment is not None:
            return assignment
    for workflow in reached:
        assignment = _assign_from_pool(volunteer, workflow, start, now)
        if assignment is not None:
            return assignment
    if not batch_first:
        assignment = _assign_from_batch(volunteer, start, now)
        if assignment is not None:
            return assignment
    # Gold needs no votes, but it is how a volunteer rises to where glitches wait.
    can_rise = Workflow.objects.filter(is_open=True, level__gt=volunteer.level).exists()
    return _assign_gold(volunteer, reached[0], start, rng, now) if reached and can_rise else None


def _unseen(volunteer: User) -> Q:
    answered = Vote.objects.filter(volunteer=volunteer, glitch=OuterRef("pk"), batch=None)
    return Q(~Exists(answered))


def _not_open(volunteer: User, glitch_ref: str = "pk") -> Q:
    opened = Assignment.objects.filter(
        volunteer=volunteer, glitch=OuterRef(glitch_ref), state=Assignment.State.OPEN
    )
    return Q(~Exists(opened))


def _from(queue: QuerySet, start: float) -> object | None:
    """The first row at or after a random place in the queue, else the first of all, locked."""
    locked = queue.select_for_update(skip_locked=True, no_key=True, of=("self",)).order_by(
        "queue_key"
    )
    return locked.filter(queue_key__gte=start).first() or locked.filter(queue_key__lt=start).first()


def _lease_until(now: datetime) -> datetime:
    return now + timedelta(seconds=settings.LEASE_SECONDS)


def _pool(volunteer: User, workflow: Workflow) -> QuerySet[Glitch]:
    """The workflow's open glitches that this volunteer has not seen and that need a vote more."""
    return Glitch.objects.filter(
        _unseen(volunteer),
        _not_open(volunteer),
        workflow=workflow,
        retired_at__isnull=True,
        is_reserved=False,
        votes_needed__gt=F("votes_count") + F("leases_open"),
    )


@transaction.atomic
def _assign_from_pool(
    volunteer: User, workflow: Workflow, start: float, now: datetime
) -> Assignment | None:
    glitch = _from(_pool(volunteer, workflow), start)
    if not isinstance(glitch, Glitch):
        return None
    Glitch.objects.filter(pk=glitch.pk).update(leases_open=F("leases_open") + 1)
    return Assignment.objects.create(
        volunteer=volunteer,
        glitch=glitch,
        workflow=workflow,
        offered=freeze_class_list(labels_of(offered_classes(workflow))),
        stream=Assignment.Stream.POOL,
        leased_until=_lease_until(now),
    )


@transaction.atomic
def _assign_gold(
    volunteer: User, workflow: Workflow, start: float, rng: np.random.Generator, now: datetime
) -> Assignment | None:
    """A gold glitch of a class drawn evenly from those offered, so that each is practised."""
    offered = offered_classes(workflow)
    with_gold = [
        c.pk
        for c in GlitchClass.objects.filter(
            Exists(GoldLabel.objects.filter(glitch_class=OuterRef("pk"))),
            pk__in=[c.pk for c in offered],
        )
    ]
    if not with_gold:
        return None
    drawn = int(rng.choice(with_gold))
    gold = GoldLabel.objects.filter(glitch=OuterRef("pk"), glitch_class_id=drawn)
    queue = Glitch.objects.filter(Exists(gold), _unseen(volunteer), _not_open(volunteer))
    shown = list(shown_gold().values_list("glitch_id", flat=True))
    # What the field guide shows would be no question; where gold is scarce it has to serve.
    glitch = _from(queue.exclude(pk__in=shown), start) or _from(queue, start)
    if not isinstance(glitch, Glitch):
        return None
    return Assignment.objects.create(
        volunteer=volunteer,
        glitch=glitch,
        workflow=workflow,
        offered=freeze_class_list(labels_of(offered)),
        stream=Assignment.Stream.GOLD,
        leased_until=_lease_until(now),
    )


@transaction.atomic
def _assign_from_batch(volunteer: User, start: float, now: datetime) -> Assignment | None:
    for batch in Batch.objects.filter(state=Batch.State.OPEN).order_by("pk"):
        answered = Vote.objects.filter(volunteer=volunteer, glitch=OuterRef("glitch"), batch=batch)
        queue = BatchGlitch.objects.filter(
            ~Exists(answered),
            _not_open(volunteer, "glitch"),
            batch=batch,
            decided_at__isnull=True,
            votes_needed__gt=F("votes_count") + F("leases_open"),
        )
        row = _from(queue, start)
        if not isinstance(row, BatchGlitch):
            continue
        BatchGlitch.objects.filter(pk=row.pk).update(leases_open=F("leases_open") + 1)
        return Assignment.objects.create(
            volunteer=volunteer,
            glitch_id=row.glitch_id,
            batch_glitch=row,
            stream=Assignment.Stream.BATCH,
            leased_until=_lease_until(now),
        )
    return None


def expire_leases(now: datetime, at_most: int = 500) -> int:
    """Take back the leases that ran out, and return how many.

    One short transaction each, the glitch's row first as everywhere; a glitch that another
    transaction holds is left for the next sweep.
    """
    due = Assignment.objects.filter(state=Assignment.State.OPEN, leased_until__lte=now)
    return sum(_expire(assignment, now) for assignment in due.order_by("leased_until")[:at_most])


@transaction.atomic
def _expire(assignment: Assignment, now: datetime) -> bool:
    free = Glitch.objects.select_for_update(skip_locked=True, no_key=True)
    if free.filter(pk=assignment.glitch_id).first() is None:
        return False
    still_due = Assignment.objects.filter(
        pk=assignment.pk, state=Assignment.State.OPEN, leased_until__lte=now
    )
    if still_due.update(state=Assignment.State.EXPIRED) == 0:
        return False
    give_lease_back(assignment)
    return True


def take_lease(undone: Assignment, now: datetime) -> Assignment:
    """Lend the glitch of an assignment whose vote was taken back once more.

    The caller holds the glitch's row and has taken the vote off it, so the limit still holds.
    """
    if undone.stream == Assignment.Stream.POOL:
        Glitch.objects.filter(pk=undone.glitch_id).update(leases_open=F("leases_open") + 1)
    elif undone.batch_glitch_id is not None:
        held = BatchGlitch.objects.filter(pk=undone.batch_glitch_id)
        held.update(leases_open=F("leases_open") + 1)
    return Assignment.objects.create(
        volunteer_id=undone.volunteer_id,
        glitch_id=undone.glitch_id,
        workflow_id=undone.workflow_id,
        batch_glitch_id=undone.batch_glitch_id,
        offered_id=undone.offered_id,
        stream=undone.stream,
        leased_until=_lease_until(now),
    )


def give_lease_back(assignment: Assignment) -> None:
    """Take one live lease off the row that counts it; gold counts none."""
    if assignment.stream == Assignment.Stream.POOL:
        held = Glitch.objects.filter(pk=assignment.glitch_id, leases_open__gt=0)
        held.update(leases_open=F("leases_open") - 1)
    elif assignment.batch_glitch_id is not None:
        held_in_batch = BatchGlitch.objects.filter(pk=assignment.batch_glitch_id, leases_open__gt=0)
        held_in_batch.update(leases_open=F("leases_open") - 1)
