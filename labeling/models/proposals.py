"""Proposals: suggested new classes and their way to a decision."""

from django.db import models
from django.db.models import Q


class Proposal(models.Model):
    """A cluster of the pool worth showing, and what became of it."""

    class State(models.TextChoices):
        PROPOSED = "proposed"
        IN_VOTE = "in_vote"
        ACCEPTED = "accepted"
        REJECTED = "rejected"
        MERGED = "merged"

    discovery_run = models.ForeignKey("DiscoveryRun", models.PROTECT, related_name="proposals")
    state = models.CharField(max_length=8, choices=State.choices, default=State.PROPOSED)
    name = models.CharField(max_length=64, blank=True, help_text="label of the class to be")
    description = models.TextField(blank=True)
    method = models.CharField(max_length=16, help_text="kmeans or hdbscan")
    cohesion = models.FloatField()
    stability = models.FloatField()
    nearest_class = models.ForeignKey("GlitchClass", models.SET_NULL, null=True, related_name="+")
    nearest_distance = models.FloatField(null=True)
    first_seen = models.FloatField(null=True, help_text="GPS seconds of the earliest member")
    last_seen = models.FloatField(null=True, help_text="GPS seconds of the latest member")
    counts_by_ifo = models.JSONField(default=dict)
    counts_by_week = models.JSONField(default=dict)
    evidence = models.TextField(help_text="why it is worth showing, in a sentence")
    merged_into = models.ForeignKey("self", models.PROTECT, null=True, related_name="merged_from")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="merged", merged_into__isnull=False)
                | (~Q(state="merged") & Q(merged_into__isnull=True)),
                name="merged_with_its_target",
            )
        ]

    def __str__(self) -> str:
        return f"Proposal {self.pk}" + (f" ({self.name})" if self.name else "")


class ProposalMember(models.Model):
    proposal = models.ForeignKey(Proposal, models.CASCADE, related_name="members")
    glitch = models.ForeignKey("Glitch", models.CASCADE, related_name="proposal_members")
    distance = models.FloatField(help_text="to the centre of the cluster")
    is_medoid = models.BooleanField(default=False)

    class Meta:
        ordering = ["distance"]
        constraints = [
            models.UniqueConstraint(
                fields=["proposal", "glitch"], name="one_membership_a_proposal_glitch"
            )
        ]


class ProposalEvent(models.Model):
    """One step in a proposal's life: who, when and why."""

    proposal = models.ForeignKey(Proposal, models.CASCADE, related_name="events")
    from_state = models.CharField(max_length=8, blank=True)
    to_state = models.CharField(max_length=8)
    by = models.ForeignKey("User", models.SET_NULL, null=True, related_name="+")
    reason = models.TextField(blank=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
