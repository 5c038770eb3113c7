"""Reads of the taxonomy."""

import difflib

from django.conf import settings
from django.db.models import QuerySet

from labeling.models import GlitchClass

# Likeness from which a label is taken for another's misspelling: Gravity Spy's own classes are at
# most .76 like each other (Low_Frequency_Lines and Low_Frequency_Burst).
MISSPELT = 0.85


def all_classes() -> list[GlitchClass]:
    """Every class that ever was, in the order of birth: the axis of skills and agreements."""
    return list(GlitchClass.objects.order_by("id"))


def labels_of(classes: list[GlitchClass]) -> list[str]:
    return [glitch_class.label for glitch_class in classes]


def trained_labels() -> set[str]:
    """The classes in use that networks may learn: None_of_the_Above only where the site says so."""
    in_use = GlitchClass.objects.filter(valid_to__isnull=True)
    if not settings.TRAIN_NONE_OF_THE_ABOVE:
        in_use = in_use.exclude(is_none_of_the_above=True)
    return set(in_use.values_list("label", flat=True))


def near_label(label: str) -> str | None:
    """The class in use of which a label is a misspelling, as far as can be told."""
    in_use = GlitchClass.objects.filter(valid_to__isnull=True).values_list("label", flat=True)
    bare = {_bare(known): known for known in in_use}
    near = difflib.get_close_matches(_bare(label), bare, n=1, cutoff=MISSPELT)
    return bare[near[0]] if near else None


def _bare(label: str) -> str:
    return "".join(filter(str.isalnum, label.lower()))


def described_classes() -> QuerySet[GlitchClass]:
    """Every class with its twins and its levels: three queries for any number."""
    return GlitchClass.objects.prefetch_related("confused_with", "workflow_set")
