"""Looks: what a model version says of pictures, in full and for people."""

import uuid

from django.db import models
from django.db.models import Q

from labeling.models.runs import Run


class Look(Run):
    """One look of a classifier at a glitch, or at pictures that somebody sent.

    Kept until ``expires_at``, then deleted with its files; ``key`` is its unguessable address.
    ``pictures`` and ``heat`` list {duration, name, width, height} of files in the look's folder;
    those of a glitch lie with the glitch.
    """

    class NoHeat(models.TextChoices):
        """Why there is no heat to show."""

        NOTHING = "nothing"  # in the pictures speaks for the class
        NO_MAPS = "no_maps"  # the network cannot be taken apart into such

    class NoAlike(models.TextChoices):
        """Why there are no look-alikes."""

        NO_SEARCH = "no_search"  # the next search for new classes makes what they are found by
        NONE_NEAR = "none_near"
        FAILED = "failed"

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    glitch = models.ForeignKey("Glitch", models.CASCADE, null=True, related_name="looks")
    model_version = models.ForeignKey("ModelVersion", models.CASCADE, null=True, related_name="+")
    label = models.CharField(
        max_length=64,
        blank=True,
        default="",
        db_default="",
        help_text="of which class the heat is wanted; empty: of the likeliest",
    )
    pictures = models.JSONField(default=list)
    probabilities = models.JSONField(
        default=list, help_text="[label, probability], likeliest first"
    )
    novelty = models.FloatField(null=True)
    explained = models.CharField(max_length=64, blank=True, help_text="the label of the heat map")
    heat = models.JSONField(default=list)
    no_heat = models.CharField(
        max_length=16, choices=NoHeat.choices, blank=True, default="", db_default=""
    )
    alike = models.JSONField(default=list, help_text="[glitch id, distance], the nearest first")
    no_alike = models.CharField(
        max_length=16, choices=NoAlike.choices, blank=True, default="", db_default=""
    )
    expires_at = models.DateTimeField(db_index=True)

    class Meta(Run.Meta):
        constraints = [
            models.CheckConstraint(
                condition=Q(progress__gte=0, progress__lte=1), name="look_progress_in_range"
            ),
            models.UniqueConstraint(
                fields=["glitch", "model_version", "label"],
                condition=Q(glitch__isnull=False) & ~Q(state__in=["failed", "cancelled"]),
                name="one_look_a_glitch_version_class",
            ),
        ]
