"""Examples to learn from: what a class looks like, shown after a gold answer."""

from django.db.models import QuerySet

from labeling.models import Glitch, GlitchClass, GoldLabel

SHOWN_EACH = 2  # gold glitches of a class that the field guide shows


def shown_gold() -> QuerySet[GoldLabel]:
    """The gold that everybody may see: no question, and no decoy, should be of it."""
    return GoldLabel.objects.filter(is_shown=True)


def example_of(glitch_class: GlitchClass, *, besides: int) -> Glitch | None:
    """An example of the class that is not glitch ``besides``, with its pictures; None without one.

    Always the same one, and of the training split: showing it gives away one gold answer a class
    at most, and none that versions are judged by.
    """
    gold = (
        GoldLabel.objects.filter(glitch_class=glitch_class, split=GoldLabel.Split.TRAIN)
        .exclude(glitch=besides)
        .select_related("glitch")
        .prefetch_related("glitch__pictures")
        .order_by("pk")
        .first()
    )
    return gold.glitch if gold else None
