"""Levels: a volunteer rises when the classes new at the level are mastered; never falls."""

import numpy as np

from labeling.models import User
from labeling.selectors.skills import gold_answers_by_class
from labeling.services.assignments import height_of
from labeling.services.skills import answers_on, prior_of
from labeling.services.taxonomy import Taxonomy, current_taxonomy
from ml.crowd.promotion import Belief, beliefs, is_promoted


def classes_to_master(volunteer: User, taxonomy: Taxonomy) -> dict[int, Belief]:
    """Ids of the classes that the highest open level reached adds and that gold can test.

    With each, what the crowd's prior and the volunteer's answers on all gold say of it. A class
    without gold does not stand in the way of the others; where none has any, nobody rises. A level
    that adds no class asks for those of the one below, so that it holds nobody for ever.
    """
    skill = volunteer.skill
    height = height_of(volunteer, taxonomy)
    adding = [v for v in taxonomy.open_levels if v.workflow.level <= height and v.adds]
    to_master = adding[-1].adds & taxonomy.with_gold if adding else frozenset()
    if not to_master:
        return {}
    ids = taxonomy.axis.ids
    counts = np.zeros((len(ids), len(ids)))
    if skill is not None:
        counts = answers_on(ids, skill, skill.created_at)
    found = beliefs(counts, prior_of(taxonomy.skill_prior))
    return {pk: belief for pk, belief in zip(ids, found, strict=True) if pk in to_master}


def promote_if_ready(volunteer: User) -> int | None:
    """Raise the volunteer to the next open level where the gold answers say so; it or None.

    The caller holds the volunteer's row, saves ``level`` and calls after a gold answer.
    """
    taxonomy = current_taxonomy()
    height = height_of(volunteer, taxonomy)
    levels = [v.workflow.level for v in taxonomy.open_levels]
    above = next((level for level in levels if level > height), None)
    if above is None:
        return None
    answers = gold_answers_by_class(volunteer.skill)
    to_master = classes_to_master(volunteer, taxonomy)
    if not is_promoted((*answers.get(pk, (0, 0)), to_master[pk]) for pk in to_master):
        return None
    volunteer.level = above
    return above
