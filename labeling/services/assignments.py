"""Assignments: which glitch a volunteer gets next, and the leases that keep count.

Votes and live leases of a glitch never exceed the votes it needs. Both counts stand on the
glitch's own row, so that Postgres re-checks them after it waited for a lock: a count over another
table would be read from the snapshot of before.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial

import numpy as np
from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from labeling.errors import ForbiddenError
from labeling.models import Assignment, BatchGlitch, Glitch, User
from labeling.selectors.assignments import OpenAssignment
from labeling.services.emptied import BATCHES, is_likely_empty, remember_empty
from labeling.services.lending import (
    MOST_AHEAD,
    Lent,
    Wish,
    lend_from_batches,
    lend_from_picks,
    lend_from_pool,
    lend_gold,
    looked_at,
    nothing_lent,
)
from labeling.services.routing import lend_by_skill
from labeling.services.taxonomy import Level, Taxonomy, current_taxonomy
from ml.crowd.promotion import gold_share
from ml.query.streams import Selection

# Leases taken back within one request for a glitch; the sweep takes back the rest.
EXPIRE_AT_ONCE = 20
AUDIT = Assignment.Stream.AUDIT


def next_assignments(
    volunteer: User,
    *,
    want: int = 1,
    level: int | None = None,
    afresh: bool = False,
    rng: np.random.Generator,
) -> list[OpenAssignment]:
    """The volunteer's open assignments, filled up to ``want`` (at most 3); the oldest first.

    ``afresh``: what is held of other levels than ``level`` is given back before.

    Asked again it gives the same ones: a reload wastes no lease. An empty list means that nothing
    is left for this volunteer at the levels reached. ForbiddenError ``level_not_reached``.
    """
    taxonomy = current_taxonomy()
    if level is not None and level > height_of(volunteer, taxonomy):
        raise ForbiddenError(
            _("Level %(level)s opens when you have mastered level %(here)s.")
            % {"level": level, "here": volunteer.level},
            code="level_not_reached",
        )
    if afresh and level is not None:
        give_leases_back(volunteer.pk, other_than=level)
    want = max(1, min(want, MOST_AHEAD))
    for _place in range(want):
        lent = _lend_one(volunteer, taxonomy, want, level, rng)
        if not lent.is_new or len(lent.held) >= want:
            break
    return lent.held


def open_levels(volunteer: User) -> list[int]:
    """The open levels that the volunteer has reached, the lowest first."""
    taxonomy = current_taxonomy()
    levels = [level.workflow.level for level in taxonomy.open_levels]
    return [level for level in levels if level <= height_of(volunteer, taxonomy)]


def height_of(volunteer: User, taxonomy: Taxonomy) -> int:
    """The level up to which somebody is served: the own, and where that and all below are closed
    the lowest that is open. Closing a level locks nobody out.
    """
    levels = (level.workflow.level for level in taxonomy.open_levels)
    return max(volunteer.level, min(levels, default=volunteer.level))


def _lend_one(
    volunteer: User,
    taxonomy: Taxonomy,
    want: int,
    level: int | None,
    rng: np.random.Generator,
) -> Lent:
    """Lend one glitch more, where fewer than ``want`` are open and one is left.

    Streams are mixed by chance: gold by its schedule, the others by the level's shares, else the
    pool. A stream that is empty hands over to the pool and then to the others; gold alone is
    served only to those who can still rise, since it needs no votes.
    """
    height = height_of(volunteer, taxonomy)
    reached = [v for v in reversed(taxonomy.open_levels) if _is_reached(v, height, level)]
    start = float(rng.random())
    place = start if volunteer.queue_place is None else volunteer.queue_place
    now = timezone.now()
    wish = Wish(volunteer.pk, want, now, _lease_until(now), start, place)
    lent = None
    for last_try in (False, True):
        for stream in _streams(volunteer, taxonomy, reached, rng):
            lent = stream(wish) or lent
            if lent and (lent.is_new or len(lent.held) >= want):
                return lent
        # Leases of people who left may be all that stands in the way.
        if last_try or expire_leases(now, EXPIRE_AT_ONCE) == 0:
            break
    return lent or nothing_lent(wish)


def _is_reached(level: Level, height: int, asked: int | None) -> bool:
    number = level.workflow.level
    return number <= height and asked in {None, number}


def _streams(
    volunteer: User, taxonomy: Taxonomy, reached: list[Level], rng: np.random.Generator
) -> Iterator[Callable[[Wish], Lent | None]]:
    """What to try, in the order of this draw: a stream known to be empty is left out.

    Each gives None where it had nothing to look at.
    """
    # Everything is asked as at the level that the pool is served from: another number or other
    # classes would tell gold and the audit from the rest.
    serving = [v for v in reached if v.has_pool and not _is_emptied(volunteer, v)]
    served = next(iter(serving or reached), None)
    selection = served.selection if served else Selection()
    # Whether a class is born, or a consensus was wrong, is left to people with an account.
    open_batches = () if volunteer.is_visitor else taxonomy.open_batches
    audited = [] if volunteer.is_visitor else [v for v in reached if AUDIT in v.picks]
    batches = partial(_batches, open_batches)
    if served and rng.random() < gold_share(volunteer.votes_cast):
        yield partial(_gold, taxonomy, served, rng)
    drawn = selection.draw(rng.random())
    asks_batches = drawn == "batch" and not is_likely_empty(volunteer.pk, BATCHES)
    if asks_batches and open_batches:
        yield batches
    elif served and drawn in served.picks and (drawn != AUDIT or served in audited):
        yield partial(_picks, volunteer, taxonomy, served, drawn)
    # Where the pool is known to be empty comes last: that may be some seconds old.
    for level in sorted(reached, key=lambda v: v not in serving):
        yield partial(_pool, volunteer, taxonomy, level)
    if not asks_batches and open_batches:
        yield batches
    for level in audited:
        yield partial(_picks, volunteer, taxonomy, level, AUDIT)
    # Gold needs no votes, but it is how a volunteer rises to where glitches wait.
    height = height_of(volunteer, taxonomy)
    if served and any(v.workflow.level > height for v in taxonomy.open_levels):
        yield partial(_gold, taxonomy, served, rng)


def _pool(volunteer: User, taxonomy: Taxonomy, level: Level, wish: Wish) -> Lent:
    if level.selection.route_by_skill:
        lent = lend_by_skill(wish, volunteer, taxonomy, level)
        if lent and lent.is_new:
            return lent
    at = {"workflow": level.workflow.pk, "offered": level.offered.pk}
    return _remembering(lend_from_pool(wish, **at), wish, level.workflow.pk)


def _batches(open_batches: tuple[int, ...], wish: Wish) -> Lent:
    return _remembering(lend_from_batches(wish, open_batches), wish, BATCHES)


def _remembering(lent: Lent, wish: Wish, queue: int) -> Lent:
    if not lent.is_new and len(lent.held) < wish.want:
        remember_empty(wish.volunteer, queue)
    return lent


def _is_emptied(volunteer: User, level: Level) -> bool:
    return is_likely_empty(volunteer.pk, level.workflow.pk)


def _picks(
    volunteer: User, taxonomy: Taxonomy, level: Level, stream: str, wish: Wish
) -> Lent | None:
    pick_list, size = level.picks[stream]
    # Whom an audited glitch is shown may not depend on what is believed of it.
    if level.selection.route_by_skill and stream == Assignment.Stream.ACTIVE:
        where = looked_at(wish, size) | {"pick_list": pick_list}
        return lend_by_skill(wish, volunteer, taxonomy, level, stream=stream, **where)
    at = {"workflow": level.workflow.pk, "offered": level.offered.pk}
    return lend_from_picks(wish, pick_list=pick_list, size=size, stream=stream, **at)


def _gold(taxonomy: Taxonomy, level: Level, rng: np.random.Generator, wish: Wish) -> Lent | None:
    classes = [pk for pk in level.class_ids if pk in taxonomy.with_gold]
    if not classes:
        return None
    where = {"workflow": level.workflow.pk, "offered": level.offered.pk}
    # Each class alike, so that each is practised.
    return lend_gold(wish, class_id=int(rng.choice(classes)), **where)


def _lease_until(now: datetime) -> datetime:
    return now + timedelta(seconds=settings.LEASE_SECONDS)


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


def take_lease(undone: Assignment, now: datetime) -> None:
    """Lend the glitch of an assignment whose vote was taken back once more.

    The caller holds the glitch's row and has taken the vote off it, so the limit still holds. Who
    voted when the lease had run out may have been lent the glitch again: then that one is renewed.
    """
    until = _lease_until(now)
    lent_again = Assignment.objects.filter(
        volunteer=undone.volunteer_id, glitch=undone.glitch_id, state=Assignment.State.OPEN
    )
    if lent_again.update(leased_until=until):
        return
    if undone.stream in Assignment.COUNTED_ON_GLITCH:
        Glitch.objects.filter(pk=undone.glitch_id).update(leases_open=F("leases_open") + 1)
    elif undone.batch_glitch_id is not None:
        held = BatchGlitch.objects.filter(pk=undone.batch_glitch_id)
        held.update(leases_open=F("leases_open") + 1)
    Assignment.objects.create(
        volunteer_id=undone.volunteer_id,
        glitch_id=undone.glitch_id,
        workflow_id=undone.workflow_id,
        batch_glitch_id=undone.batch_glitch_id,
        offered_id=undone.offered_id,
        stream=undone.stream,
        why=undone.why,
        leased_until=until,
    )


def give_leases_back(user_id: int, *, other_than: int | None = None) -> int:
    """End the open assignments of somebody, and return how many.

    ``other_than``: those alone that are asked at another level than this; a batch asks at none.
    """
    held = Assignment.objects.filter(volunteer=user_id, state=Assignment.State.OPEN)
    if other_than is not None:
        held = held.filter(workflow__isnull=False).exclude(workflow__level=other_than)
    return sum(_give_back(assignment) for assignment in held.order_by("pk"))


@transaction.atomic
def _give_back(assignment: Assignment) -> bool:
    """The glitch's row first, as everywhere; False where a vote came before."""
    Glitch.objects.select_for_update(no_key=True).get(pk=assignment.glitch_id)
    still_open = Assignment.objects.filter(pk=assignment.pk, state=Assignment.State.OPEN)
    if still_open.update(state=Assignment.State.EXPIRED) == 0:
        return False
    give_lease_back(assignment)
    return True


def give_lease_back(assignment: Assignment) -> None:
    """Take one live lease off the row that counts it; gold counts none."""
    if assignment.stream in Assignment.COUNTED_ON_GLITCH:
        held = Glitch.objects.filter(pk=assignment.glitch_id, leases_open__gt=0)
        held.update(leases_open=F("leases_open") - 1)
    elif assignment.batch_glitch_id is not None:
        held_in_batch = BatchGlitch.objects.filter(pk=assignment.batch_glitch_id, leases_open__gt=0)
        held_in_batch.update(leases_open=F("leases_open") - 1)
