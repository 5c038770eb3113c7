"""Assignments: leases of glitches to volunteers."""

from django.db import models
from django.db.models import Q


class Assignment(models.Model):
    """A glitch lent to a volunteer until ``leased_until``.

    ``stream`` says from where it was chosen, ``why`` by which figures: the rank and uncertainty of
    a pick, the probability of the audit, the advantage of this volunteer's answer.
    """

    class Stream(models.TextChoices):
        GOLD = "gold"
        POOL = "pool"
        BATCH = "batch"
        ACTIVE = "active", "active learning"
        AUDIT = "audit", "random audit"

    # Their leases are counted on the glitch; a batch counts on its own row, gold not at all.
    COUNTED_ON_GLITCH = (Stream.POOL, Stream.ACTIVE, Stream.AUDIT)

    class State(models.TextChoices):
        OPEN = "open"
        VOTED = "voted"
        EXPIRED = "expired"
        UNDONE = "undone"  # its vote was taken back; another assignment stands in its place

    volunteer = models.ForeignKey("User", models.CASCADE, related_name="assignments")
    glitch = models.ForeignKey("Glitch", models.CASCADE, related_name="assignments")
    # Nobody looks assignments up by these, and every lease would have to write three indexes more.
    workflow = models.ForeignKey(
        "Workflow", models.PROTECT, null=True, related_name="+", db_index=False
    )
    batch_glitch = models.ForeignKey(
        "BatchGlitch", models.CASCADE, null=True, related_name="+", db_index=False
    )
    offered = models.ForeignKey(
        "ClassList", models.PROTECT, null=True, related_name="+", db_index=False
    )
    stream = models.CharField(max_length=8, choices=Stream.choices)
    why = models.JSONField(null=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    leased_until = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["volunteer", "glitch"],
                condition=Q(state="open"),
                name="one_open_assignment_a_volunteer_glitch",
            ),
            models.CheckConstraint(
                condition=Q(stream="batch", batch_glitch__isnull=False)
                | (~Q(stream="batch") & Q(batch_glitch__isnull=True, offered__isnull=False)),
                name="assignment_asks_one_question",
            ),
        ]
        indexes = [
            models.Index(
                fields=["leased_until"], condition=Q(state="open"), name="assignment_leases"
            )
        ]
