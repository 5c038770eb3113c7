"""Skills: written with each answer on gold, read back as matrices and kept in memory.

A row of ``Skill`` is never changed, so what was read of it once stays right for ever.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

import numpy as np

from labeling.models import GlitchClass, Skill, User
from ml.crowd.answers import DEFAULT_WEIGHTS, faded
from ml.crowd.skill import Matrix, confusion_matrix

CLOCK_ZERO = datetime(2026, 1, 1, tzinfo=UTC)
REMEMBERED = 4096  # two matrices each, 8 kB for 22 classes
Cells = dict[tuple[int, int], tuple[int, float]]


@dataclass(frozen=True)
class SkillMatrices:
    """``counts``: (C, C) answers on gold, faded, rows = truth; ``confusion``: P(vote | truth)."""

    counts: Matrix
    confusion: Matrix


def days(at: datetime) -> float:
    """The clock of fading."""
    return (at - CLOCK_ZERO).total_seconds() / 86400


def record_gold_answer(
    volunteer: User, truth: GlitchClass, voted: GlitchClass, now: datetime
) -> None:
    """Write the skill that follows from one more answer. The caller holds and saves the volunteer.

    Older answers fade with a half-life of a year: who learned is no longer judged by the first
    weeks. The cost does not grow with the answers, only with the kinds of mistakes.
    """
    cells = cells_of(volunteer.skill)
    count, weight = cells.get((truth.pk, voted.pk), (0, 0.0))
    grown = DEFAULT_WEIGHTS.gold * DEFAULT_WEIGHTS.growth(days(now))
    cells[truth.pk, voted.pk] = (count + 1, weight + grown)
    volunteer.skill = Skill.objects.create(
        volunteer=volunteer,
        truths=[truth_id for truth_id, _ in cells],
        votes=[voted_id for _, voted_id in cells],
        counts=[count for count, _ in cells.values()],
        weights=[weight for _, weight in cells.values()],
    )


def cells_of(skill: Skill | None) -> Cells:
    """(truth id, voted id) -> (answers, their stored weight)."""
    if skill is None:
        return {}
    values = zip(skill.counts, skill.weights, strict=True)
    return dict(zip(zip(skill.truths, skill.votes, strict=True), values, strict=True))


@lru_cache(maxsize=REMEMBERED)
def matrices(skill_id: int | None, class_ids: tuple[int, ...]) -> SkillMatrices:
    """The skill on the axis ``class_ids``, faded to its own latest answer; None: a newcomer's."""
    counts = np.zeros((len(class_ids), len(class_ids)))
    if skill_id is not None:
        skill = Skill.objects.get(pk=skill_id)
        place: Mapping[int, int] = {pk: index for index, pk in enumerate(class_ids)}
        for (truth_id, voted_id), (_, weight) in cells_of(skill).items():
            counts[place[truth_id], place[voted_id]] = weight
        counts = faded(counts, days(skill.created_at))
    return SkillMatrices(counts, confusion_matrix(counts))
