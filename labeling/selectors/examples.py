"""Examples to learn from: what a class looks like, shown after a gold answer."""

from django.db.models import F, QuerySet, Window
from django.db.models.functions import RowNumber

from labeling.models import Glitch, GlitchClass, GoldLabel

SHOWN_EACH = 2  # gold glitches of a class that the field guide shows


def shown_gold() -> QuerySet[GoldLabel]:
    """The gold that the field guide shows to everybody: no question, and no decoy, should be of it.

    They are the first of the training split, class by class, so that they never change.
    """
    place = Window(RowNumber(), partition_by=F("glitch_class"), order_by=F("pk").asc())
    train = GoldLabel.objects.filter(split=GoldLabel.Split.TRAIN)
    return train.annotate(place=place).filter(place__lte=SHOWN_EACH)


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
