"""Volunteers' raw gold answers as matrices."""

from collections.abc import Iterable, Mapping

import numpy as np

from labeling.models import GlitchClass, SkillCount
from ml.crowd.skill import Matrix


def skill_counts(volunteer_ids: Iterable[int], place: Mapping[int, int]) -> dict[int, Matrix]:
    """Gold answers by volunteer: (C, C) with rows = truth, columns = vote.

    Args:
        place: class id -> index on both axes.
    """
    size = len(place)
    ids = list(volunteer_ids)
    counts = {volunteer_id: np.zeros((size, size)) for volunteer_id in ids}
    cells = SkillCount.objects.filter(volunteer_id__in=ids).values_list(
        "volunteer_id", "truth_id", "voted_id", "answers"
    )
    for volunteer_id, truth_id, voted_id, answers in cells:
        counts[volunteer_id][place[truth_id], place[voted_id]] = answers
    return counts


def gold_answers_by_class(volunteer_id: int) -> dict[int, tuple[int, int]]:
    """Class id -> (right answers, answers) of one volunteer on gold."""
    by_class: dict[int, tuple[int, int]] = {}
    cells = SkillCount.objects.filter(volunteer_id=volunteer_id)
    for truth_id, voted_id, answers in cells.values_list("truth_id", "voted_id", "answers"):
        right, seen = by_class.get(truth_id, (0, 0))
        by_class[truth_id] = (right + (answers if truth_id == voted_id else 0), seen + answers)
    return by_class


def class_places(classes: list[GlitchClass]) -> dict[int, int]:
    return {glitch_class.pk: index for index, glitch_class in enumerate(classes)}
