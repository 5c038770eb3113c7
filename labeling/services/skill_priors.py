"""The prior of skills, learned from the whole crowd's answers and stored.

What is believed of a newcomer changes as the crowd's answers add up: it is learned anew when there
are a tenth more of them. Each consensus names the prior that it went by.
"""

from collections.abc import Mapping
from datetime import datetime

import numpy as np
from django.db import transaction
from django.db.models import Q, Sum
from django.db.models.functions import Coalesce

from labeling.models import AgreedAnswers, LearnedPrior, Skill, User
from labeling.services.locks import crowd_lock
from labeling.services.skills import answers_on
from labeling.services.taxonomy import Axis
from ml.crowd.models import learn_prior
from ml.crowd.skill import Counts

# Fewer say little of what people are like.
VOLUNTEERS_MIN, ANSWERS_MIN = 10, 200
GROWTH = 1.1
# One prior is some hundred numbers; more volunteers than these would not change it.
VOLUNTEERS_MAX = 20_000
READ_AT_ONCE = 500


def refresh_skill_prior(now: datetime) -> LearnedPrior | None:
    """Learn and store the prior where there is enough to learn anew; the new row, or None.

    Sent twice, or while skills are being written, it does nothing.
    """
    latest = LearnedPrior.objects.order_by("-pk").first()
    if answers_given() < (GROWTH * latest.answers if latest else ANSWERS_MIN):
        return None
    with crowd_lock() as is_mine:
        return store_prior(now) if is_mine else None


def answers_given() -> int:
    """All answers that skills are made of: on gold, and on what the crowd settled."""
    given = User.objects.aggregate(
        gold=Coalesce(Sum("gold_seen"), 0), agreed=Coalesce(Sum("skill__agreed__answers"), 0)
    )
    return int(given["gold"] + given["agreed"])


@transaction.atomic
def store_prior(
    now: datetime, agreed: Mapping[int, int | None] | None = None
) -> LearnedPrior | None:
    """Learn the prior from every volunteer's answers and store it; None where they are few.

    Args:
        agreed: by volunteer, what is about to take the place of the agreed answers (ids).
    """
    axis = Axis.load()
    counts = _crowd_counts(axis.ids, now, agreed or {})
    answers = answers_given()
    if len(counts) < VOLUNTEERS_MIN or answers < ANSWERS_MIN:
        return None
    prior = learn_prior(counts)
    return LearnedPrior.objects.create(
        class_list=axis.class_list,
        accuracy=prior.accuracy,
        habit=prior.habit,
        answers_per_class=prior.answers_per_class,
        errors=prior.mistakes(len(axis.ids)).ravel().tolist(),
        volunteers=len(counts),
        answers=answers,
        created_at=now,
    )


def _crowd_counts(
    class_ids: tuple[int, ...], now: datetime, agreed: Mapping[int, int | None]
) -> Counts:
    """(V, C, C) answers of every volunteer who gave any, all faded to one time."""
    answered = User.objects.filter(Q(skill__isnull=False) | Q(pk__in=agreed))
    volunteers = list(answered.order_by("pk").values_list("pk", flat=True))
    volunteers = volunteers[:: -(-len(volunteers) // VOLUNTEERS_MAX) or 1]
    counts = np.zeros((len(volunteers), len(class_ids), len(class_ids)), dtype=np.float32)
    for first in range(0, len(volunteers), READ_AT_ONCE):
        some = User.objects.in_bulk(volunteers[first : first + READ_AT_ONCE])
        skills = Skill.objects.in_bulk([v.skill_id for v in some.values()])
        now_agreed = {
            pk: agreed[pk] if pk in agreed else getattr(skills.get(v.skill_id), "agreed_id", None)
            for pk, v in some.items()
        }
        rows = AgreedAnswers.objects.in_bulk(list(now_agreed.values()))
        for index, pk in enumerate(volunteers[first : first + READ_AT_ONCE], start=first):
            counts[index] = answers_on(class_ids, skills.get(some[pk].skill_id), now)
            counts[index] += answers_on(class_ids, rows.get(now_agreed[pk]), now)
    return counts
