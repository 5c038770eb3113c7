"""Gold labels: experts' answers, and what each is used for."""

from django.db import models
from django.db.models.functions import Random


class GoldLabel(models.Model):
    """An expert's answer, or a member confirmed when its class was born.

    The split is drawn once and kept for ever, and what a training has had is never of the test, so
    that no version was trained on what any is judged by.
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
    is_shown = models.BooleanField(
        default=False, help_text="an example of the field guide: everybody knows what it is"
    )
    # As of a glitch: the place at which the class's gold is asked.
    queue_key = models.FloatField(db_default=Random(), editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["glitch"], name="one_gold_label_a_glitch")]
        indexes = [models.Index(fields=["glitch_class", "queue_key"], name="gold_queue")]
