"""Reads of the taxonomy."""

from django.db.models import QuerySet

from labeling.models import GlitchClass


def all_classes() -> list[GlitchClass]:
    """Every class that ever was, in the order of birth: the axis of skills and agreements."""
    return list(GlitchClass.objects.order_by("id"))


def labels_of(classes: list[GlitchClass]) -> list[str]:
    return [glitch_class.label for glitch_class in classes]


def described_classes() -> QuerySet[GlitchClass]:
    """Every class with its twins and its levels: three queries for any number."""
    return GlitchClass.objects.prefetch_related("confused_with", "workflow_set")
