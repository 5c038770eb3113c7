"""The prior of skills, learned from the whole crowd's answers and stored.

What is believed of a newcomer changes as the crowd's answers add up: it is learned anew when there
are a tenth more of them. Each consensus names the prior that it went by.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import islice

import numpy as np
from django.db import transaction
from django.db.models import Sum
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
    now: datetime, agreed: Mapping[int, AgreedAnswers | None] | None = None
) -> LearnedPrior | None:
    """Learn the prior from every volunteer's answers and store it; None where they are few.

    Args:
        agreed: by volunteer (id), what is about to take the place of the agreed answers.
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
    class_ids: tuple[int, ...], now: datetime, agreed: Mapping[int, AgreedAnswers | None]
) -> Counts:
    """(V, C, C) answers of every volunteer who gave any, all faded to one time."""
    current = User.objects.filter(skill__isnull=False).values("skill")
    skilled = Skill.objects.filter(pk__in=current).order_by("pk")
    step = max(1, -(-skilled.count() // VOLUNTEERS_MAX))
    rows = skilled.select_related("agreed").iterator(chunk_size=500)
    some: Iterator[Skill] = islice(rows, None, None, step)
    counts = [
        (
            answers_on(class_ids, skill, now)
            + answers_on(class_ids, agreed.get(skill.volunteer_id, skill.agreed), now)
        ).astype(np.float32)
        for skill in some
    ]
    return np.array(counts).reshape(-1, len(class_ids), len(class_ids))
