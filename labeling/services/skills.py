"""Skills: written with each answer on gold, read back as matrices and kept in memory.

A row of ``Skill`` or ``LearnedPrior`` is never changed, so what was read of it once stays right
for ever.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

import numpy as np

from labeling.database.prepared import fetch
from labeling.models import AgreedAnswers, GlitchClass, LearnedPrior, Skill, User
from ml.crowd.answers import DEFAULT_WEIGHTS, faded
from ml.crowd.skill import DEFAULT_PRIOR, Matrix, SkillPrior, confusion_matrix

CLOCK_ZERO = datetime(2026, 1, 1, tzinfo=UTC)
REMEMBERED = 4096  # two matrices each, 8 kB for 22 classes
Cells = dict[tuple[int, int], tuple[int, float]]


@dataclass(frozen=True)
class SkillMatrices:
    """Both (C, C), rows = truth.

    ``counts``: answers on gold, faded; ``confusion``: P(vote | truth) from these, from what the
    crowd settled and from the prior.
    """

    counts: Matrix
    confusion: Matrix


def days(at: datetime) -> float:
    """The clock of fading."""
    return (at - CLOCK_ZERO).total_seconds() / 86400


# The new skill and what else of the volunteer follows from an answer, in one round trip.
LEARN = """
WITH learned AS (
    INSERT INTO labeling_skill
        (volunteer_id, truths, votes, counts, weights, agreed_id, created_at)
    VALUES (%(volunteer)s, %(truths)s, %(votes)s, %(counts)s, %(weights)s, %(agreed)s, %(now)s)
    RETURNING id
)
UPDATE labeling_user SET gold_seen = %(gold_seen)s, gold_correct = %(gold_correct)s,
    level = %(level)s, skill_id = (SELECT id FROM learned)
WHERE id = %(volunteer)s RETURNING skill_id
"""


def write_learned(volunteer: User) -> None:
    """Store the volunteer's new skill and its counts of gold. The caller holds the volunteer."""
    skill = volunteer.skill
    if skill is None:
        raise ValueError("nothing was learned")
    given = {
        "volunteer": volunteer.pk,
        "truths": skill.truths,
        "votes": skill.votes,
        "counts": skill.counts,
        "weights": skill.weights,
        "agreed": skill.agreed_id,
        "now": skill.created_at,
        "gold_seen": volunteer.gold_seen,
        "gold_correct": volunteer.gold_correct,
        "level": volunteer.level,
    }
    ((skill.pk,),) = fetch(given, LEARN)
    volunteer.skill = skill  # again: Django took its id when it had none


def learn_gold_answer(
    volunteer: User, truth: GlitchClass, voted: GlitchClass, now: datetime
) -> None:
    """Give the volunteer the skill that follows from one more answer; nothing is stored.

    Older answers fade with a half-life of a year: who learned is no longer judged by the first
    weeks. The cost does not grow with the answers, only with the kinds of mistakes.
    """
    cells = cells_of(volunteer.skill)
    count, weight = cells.get((truth.pk, voted.pk), (0, 0.0))
    cells[truth.pk, voted.pk] = (count + 1, weight + gold_weight(now))
    volunteer.skill = new_skill(volunteer, cells, now)


def gold_weight(at: datetime) -> float:
    """What one answer on gold given then adds to its cell, as stored (``ml.crowd.answers``)."""
    return float(DEFAULT_WEIGHTS.gold * DEFAULT_WEIGHTS.growth(days(at)))


def new_skill(volunteer: User, cells: Cells, now: datetime) -> Skill:
    """The volunteer's skill with other gold cells; not stored yet."""
    return Skill(
        volunteer=volunteer,
        truths=[truth_id for truth_id, _ in cells],
        votes=[voted_id for _, voted_id in cells],
        counts=[count for count, _ in cells.values()],
        weights=[weight for _, weight in cells.values()],
        agreed_id=volunteer.skill.agreed_id if volunteer.skill else None,
        created_at=now,
    )


def cells_of(skill: Skill | None) -> Cells:
    """(truth id, voted id) -> (answers, their stored weight)."""
    if skill is None:
        return {}
    values = zip(skill.counts, skill.weights, strict=True)
    return dict(zip(zip(skill.truths, skill.votes, strict=True), values, strict=True))


def answers_on(
    class_ids: tuple[int, ...], answers: Skill | AgreedAnswers | None, at: datetime
) -> Matrix:
    """(C, C) answers on the axis ``class_ids``, faded to a time; classes not on it are left out."""
    counts = np.zeros((len(class_ids), len(class_ids)))
    if answers is not None:
        place: Mapping[int, int] = {pk: index for index, pk in enumerate(class_ids)}
        for truth, voted, weight in zip(
            answers.truths, answers.votes, answers.weights, strict=True
        ):
            if truth in place and voted in place:
                counts[place[truth], place[voted]] = weight
    return faded(counts, days(at))


@lru_cache(maxsize=REMEMBERED)
def _answers(skill_id: int, class_ids: tuple[int, ...]) -> tuple[Matrix, Matrix]:
    """Gold answers and agreed ones of a skill, both faded to the time it was written."""
    skill = Skill.objects.select_related("agreed").get(pk=skill_id)
    at = skill.created_at
    return answers_on(class_ids, skill, at), answers_on(class_ids, skill.agreed, at)


@lru_cache(maxsize=REMEMBERED)
def matrices(
    skill_id: int | None, class_ids: tuple[int, ...], prior_id: int | None
) -> SkillMatrices:
    """A skill on the axis ``class_ids`` under a stored prior, at the time it was written.

    Skill None: a newcomer's; prior None: the one that stands where none has been learned.
    """
    zeros = np.zeros((len(class_ids), len(class_ids)))
    gold, agreed = (zeros, zeros) if skill_id is None else _answers(skill_id, class_ids)
    return SkillMatrices(gold, confusion_matrix(gold + agreed, prior_of(prior_id)))


@lru_cache(maxsize=16)
def prior_of(prior_id: int | None) -> SkillPrior:
    """A stored prior. Its classes are the first of every axis: classes are only ever added."""
    if prior_id is None:
        return DEFAULT_PRIOR
    stored = LearnedPrior.objects.get(pk=prior_id)
    classes = math.isqrt(len(stored.errors))
    return SkillPrior(
        accuracy=stored.accuracy,
        habit=stored.habit,
        answers_per_class=stored.answers_per_class,
        errors=np.reshape(stored.errors, (classes, classes)),
    )
