"""Votes: the raw answers of volunteers.

Never changed; deleted only where the volunteer takes one back within seconds (``services.undo``).
"""

from django.db import models
from django.db.models import Q


class Vote(models.Model):
    """One volunteer's answer to one question about one glitch.

    Without a batch the question is "which class?" and ``voted`` answers it; with a batch it is
    "does this look like these?" and ``alike`` answers it.
    """

    # No index of their own where a longer one begins with them, or where nobody looks by them:
    # each would be written with every vote.
    volunteer = models.ForeignKey("User", models.PROTECT, related_name="votes", db_index=False)
    glitch = models.ForeignKey("Glitch", models.PROTECT, related_name="votes", db_index=False)
    assignment = models.OneToOneField("Assignment", models.PROTECT, related_name="vote")
    workflow = models.ForeignKey(
        "Workflow", models.PROTECT, null=True, related_name="+", db_index=False
    )
    batch = models.ForeignKey("Batch", models.PROTECT, null=True, related_name="votes")
    offered = models.ForeignKey(
        "ClassList", models.PROTECT, null=True, related_name="+", db_index=False
    )
    voted = models.ForeignKey(
        "GlitchClass", models.PROTECT, null=True, related_name="+", db_index=False
    )
    alike = models.BooleanField(null=True)
    was_gold = models.BooleanField(default=False)
    after_retirement = models.BooleanField(default=False)
    idempotency_key = models.UUIDField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["volunteer", "glitch", "batch"],
                nulls_distinct=False,
                name="one_vote_a_volunteer_glitch_question",
            ),
            models.UniqueConstraint(
                fields=["volunteer", "idempotency_key"], name="one_vote_an_idempotency_key"
            ),
            models.CheckConstraint(
                condition=Q(batch__isnull=True, voted__isnull=False, alike__isnull=True)
                | Q(batch__isnull=False, voted__isnull=True, alike__isnull=False),
                name="vote_answers_its_question",
            ),
        ]
        indexes = [models.Index(fields=["glitch", "batch"], name="vote_of_glitch")]
