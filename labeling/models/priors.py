"""What is believed of a volunteer before any answer, learned from the whole crowd."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone


class LearnedPrior(models.Model):
    """A prior of skills (``ml.crowd.skill.SkillPrior``): a row is never changed, the latest holds.

    ``errors`` are the rows of the matrix of mistakes over ``class_list``, one after another.
    """

    class_list = models.ForeignKey("ClassList", models.PROTECT, related_name="+")
    accuracy = models.FloatField()
    habit = models.FloatField()
    answers_per_class = models.FloatField()
    errors = ArrayField(models.FloatField())
    volunteers = models.PositiveIntegerField(help_text="from how many it was learned")
    answers = models.PositiveBigIntegerField(help_text="how many answers they had given")
    created_at = models.DateTimeField(default=timezone.now)


class SkillRefit(models.Model):
    """A fit of all skills to all votes, written when its skills took the place of the old ones.

    Open glitches are judged anew afterwards, in the order of their ids: ``refreshed_to`` is the
    last one, so that a worker that dies is followed by another.
    """

    prior = models.ForeignKey(LearnedPrior, models.PROTECT, related_name="+")
    last_vote = models.BigIntegerField(help_text="the latest vote there was")
    last_gold = models.BigIntegerField(help_text="the latest gold label there was")
    votes = models.PositiveBigIntegerField()
    iterations = models.PositiveIntegerField()
    converged = models.BooleanField()
    refreshed_to = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)
