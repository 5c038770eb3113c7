"""Consensus: the posterior over classes of one glitch."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q


class Consensus(models.Model):
    """What the crowd and the classifier together say of a glitch; recomputable from raw votes."""

    glitch = models.OneToOneField("Glitch", models.CASCADE, related_name="consensus")
    class_list = models.ForeignKey("ClassList", models.PROTECT, related_name="+")
    agreement = ArrayField(models.FloatField(), help_text="one number a class of class_list")
    top_class = models.ForeignKey("GlitchClass", models.PROTECT, related_name="+")
    top_agreement = models.FloatField()
    votes_count = models.PositiveIntegerField()
    rule = models.CharField(max_length=16)
    prior = ArrayField(
        models.FloatField(), default=list, help_text="before any vote, in the same order"
    )
    skills = ArrayField(
        models.BigIntegerField(null=True),
        default=list,
        help_text="the skill that each vote was weighed by, in their order; null: a newcomer's",
    )
    skill_prior = models.ForeignKey(
        "LearnedPrior",
        models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,  # never looked up: the row is, and then names it
        help_text="the prior of these skills; null: the default one",
    )
    model_version = models.ForeignKey(
        "ModelVersion", models.SET_NULL, null=True, related_name="+", help_text="whose prior"
    )
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name_plural = "consensus"
        constraints = [
            models.CheckConstraint(
                condition=Q(top_agreement__gte=0, top_agreement__lte=1),
                name="agreement_is_a_probability",
            )
        ]
