"""Batches: glitches that go to volunteers together with the question "like these?"."""

from django.db import models
from django.db.models import Q


class Batch(models.Model):
    class State(models.TextChoices):
        OPEN = "open"
        CLOSED = "closed"

    proposal = models.OneToOneField("Proposal", models.CASCADE, related_name="batch")
    state = models.CharField(max_length=6, choices=State.choices, default=State.OPEN)
    threshold = models.FloatField(default=0.95)
    votes_min = models.PositiveSmallIntegerField(default=2)
    votes_max = models.PositiveSmallIntegerField(default=7)
    created_at = models.DateTimeField(auto_now_add=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "batches"


class BatchGlitch(models.Model):
    """A glitch in a batch. Decoys are known not to belong and tell who answers with care."""

    class Part(models.TextChoices):
        MEMBER = "member"
        NEIGHBOUR = "neighbour"
        DECOY = "decoy"

    batch = models.ForeignKey(Batch, models.CASCADE, related_name="batch_glitches")
    glitch = models.ForeignKey("Glitch", models.CASCADE, related_name="batch_glitches")
    part = models.CharField(max_length=9, choices=Part.choices)
    queue_key = models.FloatField()
    votes_count = models.PositiveIntegerField(default=0)
    votes_needed = models.PositiveIntegerField(default=2)
    leases_open = models.PositiveIntegerField(default=0)
    belongs = models.FloatField(null=True, help_text="probability that it belongs")
    decided_at = models.DateTimeField(null=True)
    confirmed = models.BooleanField(null=True, help_text="null while undecided or for decoys")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["batch", "glitch"], name="one_place_a_batch_glitch"),
            models.CheckConstraint(
                condition=Q(belongs__isnull=True) | Q(belongs__gte=0, belongs__lte=1),
                name="belongs_is_a_probability",
            ),
        ]
        indexes = [
            models.Index(
                fields=["batch", "queue_key"],
                condition=Q(decided_at__isnull=True),
                name="batch_queue",
            )
        ]
