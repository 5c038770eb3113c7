"""Gold labels: experts' answers, and what each is used for."""

from django.db import models


class GoldLabel(models.Model):
    """An expert's answer, or a member confirmed when its class was born.

    The split is drawn once and kept for ever, so that no version was trained on what a later one
    is judged by.
    """

    class Split(models.TextChoices):
        TRAIN = "train"
        VALIDATION = "validation"
        TEST = "test"

    class Origin(models.TextChoices):
        EXPERT = "expert"
        BATCH = "batch", "confirmed by a batch"

    glitch = models.ForeignKey("Glitch", models.PROTECT, related_name="gold_labels")
    glitch_class = models.ForeignKey("GlitchClass", models.PROTECT, related_name="gold_labels")
    split = models.CharField(max_length=12, choices=Split.choices)
    origin = models.CharField(max_length=8, choices=Origin.choices, default=Origin.EXPERT)
    given_by = models.ForeignKey("User", models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["glitch"], name="one_gold_label_a_glitch")]
