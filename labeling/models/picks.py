"""What is lent out of turn: picks of active learning, and the glitches of the random audit."""

from django.db import models
from django.db.models import Q


class PickList(models.Model):
    """The picks of one stream at one level; replaced as a whole, ``version`` by version."""

    class Stream(models.TextChoices):
        ACTIVE = "active"
        AUDIT = "audit"

    workflow = models.ForeignKey("Workflow", models.CASCADE, related_name="pick_lists")
    stream = models.CharField(max_length=8, choices=Stream.choices)
    version = models.PositiveIntegerField(default=0)
    size = models.PositiveIntegerField(default=0)
    model_version = models.ForeignKey(
        "ModelVersion", models.SET_NULL, null=True, related_name="+", help_text="whose doubts"
    )
    made_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workflow", "stream"], name="one_pick_list_a_workflow_stream"
            )
        ]


class Pick(models.Model):
    """A glitch to lend, its place in the list, and why it is there (copied to its assignments).

    ``after_retirement``: it is asked although it is retired, and only while it is.
    """

    pick_list = models.ForeignKey(PickList, models.CASCADE, related_name="picks", db_index=False)
    rank = models.PositiveIntegerField()
    glitch = models.ForeignKey("Glitch", models.CASCADE, related_name="+")
    after_retirement = models.BooleanField(default=False)
    why = models.JSONField()

    class Meta:
        ordering = ["rank"]
        constraints = [
            models.UniqueConstraint(fields=["pick_list", "rank"], name="one_pick_a_rank"),
        ]


class AuditedGlitch(models.Model):
    """A glitch drawn for the random audit, with the probability that every glitch was drawn with.

    Once it is retired, what the ordinary way made of it is written down and further votes are
    asked for (``asked_at``); those alone are the audit's, and ``found_class`` is what they say, or
    what an expert has said meanwhile.
    """

    glitch = models.OneToOneField("Glitch", models.CASCADE, related_name="audited")
    probability = models.FloatField()
    drawn_at = models.DateTimeField(auto_now_add=True)
    asked_at = models.DateTimeField(null=True)
    votes_wanted = models.PositiveSmallIntegerField(default=0)
    agreed_class = models.ForeignKey(
        "GlitchClass", models.PROTECT, null=True, related_name="+", help_text="null: no consensus"
    )
    predicted_class = models.ForeignKey(
        "GlitchClass", models.PROTECT, null=True, related_name="+", help_text="by the classifier"
    )
    found_class = models.ForeignKey("GlitchClass", models.PROTECT, null=True, related_name="+")
    found_agreement = models.FloatField(null=True)

    class Meta:
        verbose_name_plural = "audited glitches"
        constraints = [
            models.CheckConstraint(
                condition=Q(probability__gt=0, probability__lte=1),
                name="audit_probability_is_a_probability",
            ),
            models.CheckConstraint(
                condition=Q(found_class__isnull=True, found_agreement__isnull=True)
                | Q(
                    asked_at__isnull=False,
                    found_class__isnull=False,
                    found_agreement__gte=0,
                    found_agreement__lte=1,
                ),
                name="audit_found_after_asking",
            ),
        ]
