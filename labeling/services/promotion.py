"""Levels: a volunteer rises when the classes new at the level are mastered; never falls."""

from labeling.models import User
from labeling.selectors.skills import gold_answers_by_class
from labeling.services.taxonomy import current_taxonomy
from ml.crowd.promotion import is_promoted


def classes_to_master(volunteer: User) -> frozenset[int]:
    """Ids of the classes that the volunteer's level adds and that gold can test.

    Classes without any gold cannot be shown mastered and do not stand in the way.
    """
    taxonomy = current_taxonomy()
    level = next((v for v in taxonomy.levels if v.workflow.level == volunteer.level), None)
    return level.adds & taxonomy.with_gold if level else frozenset()


def promote_if_ready(volunteer: User) -> int | None:
    """Raise the volunteer by one level where the gold answers say so; the new level or None.

    The caller holds the volunteer's row, saves ``level`` and calls after a gold answer.
    """
    levels = [v.workflow.level for v in current_taxonomy().open_levels]
    above = next((level for level in levels if level > volunteer.level), None)
    if above is None:
        return None
    answers = gold_answers_by_class(volunteer.skill)
    if not is_promoted(answers.get(pk, (0, 0)) for pk in classes_to_master(volunteer)):
        return None
    volunteer.level = above
    return above
