"""Levels: a volunteer rises when the classes new at the level are mastered; never falls."""

import numpy as np

from labeling.models import User
from labeling.selectors.skills import gold_answers_by_class
from labeling.services.skills import answers_on, prior_of
from labeling.services.taxonomy import current_taxonomy
from ml.crowd.promotion import Belief, beliefs, is_promoted


def classes_to_master(volunteer: User) -> dict[int, Belief]:
    """Ids of the classes that the volunteer's level adds and that gold can test.

    With each, what the crowd's prior and the volunteer's answers on all gold say of it. Classes
    without any gold cannot be shown mastered and do not stand in the way.
    """
    taxonomy, skill = current_taxonomy(), volunteer.skill
    level = next((v for v in taxonomy.levels if v.workflow.level == volunteer.level), None)
    to_master = level.adds & taxonomy.with_gold if level else frozenset()
    if not to_master:
        return {}
    ids = taxonomy.axis.ids
    counts = np.zeros((len(ids), len(ids)))
    if skill is not None:
        counts = answers_on(ids, skill, skill.created_at)
    found = beliefs(counts, prior_of(taxonomy.skill_prior))
    return {pk: belief for pk, belief in zip(ids, found, strict=True) if pk in to_master}


def promote_if_ready(volunteer: User) -> int | None:
    """Raise the volunteer by one level where the gold answers say so; the new level or None.

    The caller holds the volunteer's row, saves ``level`` and calls after a gold answer.
    """
    levels = [v.workflow.level for v in current_taxonomy().open_levels]
    above = next((level for level in levels if level > volunteer.level), None)
    if above is None:
        return None
    answers = gold_answers_by_class(volunteer.skill)
    to_master = classes_to_master(volunteer)
    if not is_promoted((*answers.get(pk, (0, 0)), to_master[pk]) for pk in to_master):
        return None
    volunteer.level = above
    return above
