"""Glitch classes, and the immutable lists of them that votes and model versions refer to."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q


class GlitchClass(models.Model):
    """A category of glitches. The label never changes; the name shown may."""

    label = models.CharField(max_length=64)
    name_shown = models.CharField(max_length=80)
    description = models.TextField(blank=True)
    duration = models.CharField(max_length=24, blank=True, help_text="short, long or both")
    frequency = models.CharField(max_length=24, blank=True, help_text="low, mid, high")
    evolves = models.CharField(max_length=8, blank=True, help_text="evolves in frequency")
    confused_with = models.ManyToManyField("self", symmetrical=False, blank=True)
    is_none_of_the_above = models.BooleanField(default=False)
    position = models.PositiveIntegerField(default=0, help_text="place on the label page")
    prior = models.FloatField(null=True, help_text="share among labeled glitches, kept by a sweep")
    valid_from = models.DateTimeField(auto_now_add=True)
    valid_to = models.DateTimeField(null=True, blank=True)
    proposal = models.OneToOneField(
        "Proposal", models.SET_NULL, null=True, blank=True, related_name="born_class"
    )

    class Meta:
        ordering = ["position", "id"]
        verbose_name_plural = "glitch classes"
        constraints = [
            models.UniqueConstraint(fields=["label"], name="glitch_class_label_unique"),
            models.UniqueConstraint(
                fields=["is_none_of_the_above"],
                condition=Q(is_none_of_the_above=True),
                name="one_none_of_the_above",
            ),
            models.CheckConstraint(
                condition=Q(prior__isnull=True) | Q(prior__gte=0, prior__lte=1),
                name="class_prior_is_a_probability",
            ),
        ]

    def __str__(self) -> str:
        return self.name_shown


class ClassList(models.Model):
    """One version of the taxonomy: an ordered list of labels, written once, found by its digest.

    A vote refers to the list that was offered, a consensus and a model version to the list that
    they speak of: so an old vote reads as "that class was not offered then".
    """

    digest = models.CharField(max_length=64, unique=True)
    labels = ArrayField(models.CharField(max_length=64))
    created_at = models.DateTimeField(auto_now_add=True)
