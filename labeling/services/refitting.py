"""All skills fitted anew to all votes, by EM; then every open glitch judged by them.

The fit works on a snapshot. What it found takes the place of the agreed answers of all volunteers,
and of the prior, in one transaction; answers on gold are counted one by one as ever, and those
given during the fit are there before and after it. Killed before that transaction it leaves
nothing, killed after it the sweep goes on with the open glitches.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

import numpy as np
from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from numpy.typing import NDArray

from labeling.models import AgreedAnswers, ClassList, GoldLabel, SkillRefit, User, Vote
from labeling.selectors.votes import AllVotes, all_votes
from labeling.services.agreed import agreed_row, count_due, store_agreed, switch_agreed
from labeling.services.locks import crowd_lock
from labeling.services.recomputing import refresh_some
from labeling.services.skill_priors import store_prior
from labeling.services.skills import CLOCK_ZERO
from labeling.services.taxonomy import Axis, current_taxonomy
from ml.crowd.refit import History, Refitted, refit

EVERY = timedelta(hours=20)


def refit_if_due(now: datetime) -> SkillRefit | None:
    """Refit where the last one is a day old; the work of a scheduled task."""
    if SkillRefit.objects.filter(created_at__gt=now - EVERY).exists():
        return None
    return refit_skills(now)


def refit_skills(now: datetime) -> SkillRefit | None:
    """Fit all skills to all votes, and judge every open glitch by them.

    None where there is no vote and no gold label since the last refit, too little to learn from,
    or where another worker is at it.
    """
    with crowd_lock() as is_mine:
        made = _refit(now) if is_mine else None
    if made is not None:
        follow_up_refits()
    return made


def follow_up_refits() -> int:
    """Judge by the latest refit every open glitch that it has not come to; returns how many.

    It goes on where a worker died; twice at once it only does things twice.
    """
    made = SkillRefit.objects.order_by("-pk").first()
    if made is None or made.finished_at is not None:
        return 0
    current_taxonomy(newer=True)
    count = 0
    while (last := refresh_some(made.refreshed_to)) is not None:
        count += last.refreshed
        made.refreshed_to = last.glitch_id
        SkillRefit.objects.filter(pk=made.pk).update(refreshed_to=last.glitch_id)
    SkillRefit.objects.filter(pk=made.pk).update(finished_at=timezone.now())
    return count


def _refit(now: datetime) -> SkillRefit | None:
    # What is due is counted first, so that what the snapshot counts is all that was counted.
    count_due(now)
    latest_vote = Vote.objects.aggregate(last=Max("pk"))["last"] or 0
    latest_gold = GoldLabel.objects.aggregate(last=Max("pk"))["last"] or 0
    before = SkillRefit.objects.order_by("-pk").first()
    if latest_vote == 0 or (before and _is_same(before, latest_vote, latest_gold)):
        return None
    votes = all_votes()
    if len(votes.glitch) == 0:
        return None
    axis = Axis.load()  # after the votes: it has every class that they name
    volunteers, history = _history(votes, axis)
    found = refit(history)
    with transaction.atomic():
        rows = _rows(volunteers, found, axis, now)
        had_some = User.objects.filter(skill__agreed__isnull=False).values_list("pk", flat=True)
        agreed = dict.fromkeys(had_some) | store_agreed(rows)
        prior = store_prior(now, agreed)
        if prior is None:
            transaction.set_rollback(True)
            return None
        switch_agreed(agreed, now)
        return SkillRefit.objects.create(
            prior=prior,
            last_vote=latest_vote,
            last_gold=latest_gold,
            votes=len(history.item),
            iterations=found.fitted.iterations,
            converged=found.fitted.converged,
            created_at=now,
        )


def _is_same(before: SkillRefit, latest_vote: int, latest_gold: int) -> bool:
    return (before.last_vote, before.last_gold) == (latest_vote, latest_gold)


def _rows(
    volunteers: NDArray[np.int64], found: Refitted, axis: Axis, now: datetime
) -> Iterator[AgreedAnswers]:
    for index in np.flatnonzero(found.answers):
        answers = int(found.answers[index])
        yield agreed_row(int(volunteers[index]), axis, found.counts[index], answers, now)


def _history(votes: AllVotes, axis: Axis) -> tuple[NDArray[np.int64], History]:
    """The ids of the volunteers, and the votes on the axis, numbered from 0."""
    ids = np.array(axis.ids)
    glitches, item = np.unique(votes.glitch, return_inverse=True)
    order = np.argsort(item, kind="stable")
    item = item[order].astype(np.int32)
    lists, page = np.unique(votes.offered[order], return_inverse=True)
    volunteers, volunteer = np.unique(votes.volunteer[order], return_inverse=True)
    gold = np.full(len(glitches), -1, dtype=np.int32)
    labeled = votes.gold[order]
    gold[item[labeled > 0]] = _places(ids, labeled[labeled > 0])
    offers, page_of_list = _offers(lists, axis)
    return volunteers, History(
        item=item,
        volunteer=volunteer.astype(np.int32),
        page=page_of_list[page],
        label=_places(ids, votes.voted[order]),
        at=(votes.at[order] - CLOCK_ZERO.timestamp()) / 86400,
        is_counted=votes.is_counted[order],
        gold=gold,
        offers=offers,
        none_of_the_above=axis.none_of_the_above,
    )


def _places(ids: NDArray[np.int64], of: NDArray[np.integer]) -> NDArray[np.int32]:
    """Where each id stands on the axis; its ids rise."""
    return np.searchsorted(ids, of).astype(np.int32)


def _offers(lists: NDArray[np.integer], axis: Axis) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """What was ever on a page, (pages, C), and the page of each list: many lists are one page."""
    stored = ClassList.objects.in_bulk(lists.tolist())
    masks = np.array([axis.mask(stored[pk].labels) for pk in lists.tolist()])
    offers, page = np.unique(masks, axis=0, return_inverse=True)
    return offers, page.ravel()
