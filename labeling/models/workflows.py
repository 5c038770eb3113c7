"""Workflows: the levels of volunteers, each with its classes and its rule of retirement."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q

from ml.crowd.policy import BadPolicy, RetirementPolicy
from ml.query.streams import BadSelection, Selection

LIMITS = ("threshold", "votes_min", "votes_max")


def check_policy(policy: Any) -> None:
    """Refuse what is no policy, saying which key is wrong."""
    try:
        if isinstance(policy, dict) and set(policy) & set(LIMITS):
            raise ValidationError("The threshold and the limits of votes have fields of their own.")
        RetirementPolicy.from_dict(policy)
    except BadPolicy as error:
        raise ValidationError(str(error)) from error


def check_selection(selection: Any) -> None:
    """Refuse what is no selection, saying which key is wrong."""
    try:
        Selection.from_dict(selection)
    except BadSelection as error:
        raise ValidationError(str(error)) from error


class Workflow(models.Model):
    class Rule(models.TextChoices):
        BAYES = "bayes"
        GRAVITY_SPY = "gravity_spy"
        MAJORITY = "majority"

    level = models.PositiveSmallIntegerField(unique=True)
    name = models.CharField(max_length=80)
    is_open = models.BooleanField(default=True)
    rule = models.CharField(max_length=16, choices=Rule.choices, default=Rule.BAYES)
    retire_threshold = models.FloatField(default=0.97)
    votes_min = models.PositiveSmallIntegerField(default=2)
    votes_max = models.PositiveSmallIntegerField(default=8)
    policy = models.JSONField(
        default=dict,
        blank=True,
        validators=[check_policy],
        help_text="what else decides on retirement: the keys of docs/crowd.md, as JSON",
    )
    streams = models.JSONField(
        default=dict,
        blank=True,
        validators=[check_selection],
        help_text="which glitches are shown, as JSON: shares of batch, active and audit, "
        "uncertainty, route_by_skill (docs/crowd.md, Selection)",
    )
    # A change is followed up by a worker; the difference of the two says that one is due.
    policy_version = models.PositiveIntegerField(default=1, editable=False)
    evaluated_version = models.PositiveIntegerField(default=1, editable=False)
    classes: models.ManyToManyField = models.ManyToManyField("GlitchClass", through="WorkflowClass")

    class Meta:
        ordering = ["level"]
        constraints = [
            models.CheckConstraint(
                condition=Q(retire_threshold__gt=0.5, retire_threshold__lt=1),
                name="retire_threshold_above_half",
            ),
            models.CheckConstraint(
                condition=Q(votes_min__gte=1, votes_max__gte=F("votes_min")),
                name="vote_limits_in_order",
            ),
        ]

    def __str__(self) -> str:
        return f"Level {self.level}: {self.name}"

    def retirement(self) -> RetirementPolicy:
        """The whole policy. BadPolicy where somebody stored nonsense past the form."""
        limits = (self.retire_threshold, self.votes_min, self.votes_max)
        further = self.policy or {}
        return RetirementPolicy.from_dict(further | dict(zip(LIMITS, limits, strict=True)))

    def selection(self) -> Selection:
        """The mix of streams. BadSelection where somebody stored nonsense past the form."""
        return Selection.from_dict(self.streams or {})


class WorkflowClass(models.Model):
    """A class offered at a level, and the confidence from which the classifier feeds it there."""

    workflow = models.ForeignKey(Workflow, models.CASCADE)
    glitch_class = models.ForeignKey("GlitchClass", models.CASCADE)
    min_confidence = models.FloatField(
        null=True, blank=True, help_text="empty: this class does not feed this level"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workflow", "glitch_class"], name="one_place_a_workflow_class"
            ),
            models.CheckConstraint(
                condition=Q(min_confidence__isnull=True)
                | Q(min_confidence__gte=0, min_confidence__lte=1),
                name="min_confidence_is_a_probability",
            ),
        ]
