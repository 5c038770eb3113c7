"""Levels: a volunteer rises when the classes new at the level are mastered; never falls."""

from labeling.models import GlitchClass, GoldLabel, User, Workflow
from labeling.selectors.skills import gold_answers_by_class
from ml.crowd.promotion import is_promoted


def classes_new_at(workflow: Workflow) -> list[GlitchClass]:
    """The classes that this level adds to those of the levels below, None_of_the_Above aside."""
    below = Workflow.objects.filter(level__lt=workflow.level)
    return list(
        GlitchClass.objects.filter(workflow=workflow, is_none_of_the_above=False).exclude(
            workflow__in=below
        )
    )


def promote_if_ready(volunteer: User) -> int | None:
    """Raise the volunteer by one level where the gold answers say so; the new level or None.

    The caller holds the volunteer's row, saves ``level`` and calls after a gold answer. Classes
    without any gold cannot be shown mastered and do not stand in the way.
    """
    workflow = Workflow.objects.filter(level=volunteer.level).first()
    above = Workflow.objects.filter(level__gt=volunteer.level, is_open=True).first()
    if workflow is None or above is None:
        return None
    new = [c.pk for c in classes_new_at(workflow)]
    testable = set(
        GoldLabel.objects.filter(glitch_class__in=new).values_list("glitch_class", flat=True)
    )
    answers = gold_answers_by_class(volunteer.pk)
    if not is_promoted(answers.get(pk, (0, 0)) for pk in testable):
        return None
    volunteer.level = above.level
    return above.level
