"""Reads of the taxonomy."""

from django.db.models import QuerySet

from labeling.models import GlitchClass, Workflow


def current_classes() -> list[GlitchClass]:
    """The classes in use, in their stable order on the page."""
    return list(GlitchClass.objects.filter(valid_to__isnull=True))


def all_classes() -> list[GlitchClass]:
    """Every class that ever was, in the order of birth: the axis of skills and agreements."""
    return list(GlitchClass.objects.order_by("id"))


def offered_classes(workflow: Workflow) -> list[GlitchClass]:
    """What a volunteer can choose from at a level; None_of_the_Above comes last."""
    offered = GlitchClass.objects.filter(workflow=workflow, valid_to__isnull=True)
    return sorted(offered, key=lambda c: (c.is_none_of_the_above, c.position, c.pk))


def labels_of(classes: list[GlitchClass]) -> list[str]:
    return [glitch_class.label for glitch_class in classes]


def described_classes() -> QuerySet[GlitchClass]:
    """Every class with its twins and its levels: three queries for any number."""
    return GlitchClass.objects.prefetch_related("confused_with", "workflow_set")
