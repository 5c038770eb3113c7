"""Examples to learn from: what a class looks like, shown after a gold answer."""

from django.db.models import Count, F, Q, QuerySet, Window
from django.db.models.functions import RowNumber

from labeling.models import Glitch, GlitchClass, GoldLabel

SHOWN_EACH = 2  # gold glitches of a class that the field guide shows
PRACTICE_EACH = 2  # and further ones for practice
PRACTICE_FROM = 8  # where the training split has as many of the class


def shown_gold() -> QuerySet[GoldLabel]:
    """The gold that everybody may see: no question, and no decoy, should be of it.

    They are the first of the training split, class by class, so that they never change; those of
    the field guide, and where gold is plenty some more to practise on.
    """
    by_class = F("glitch_class")
    place = Window(RowNumber(), partition_by=by_class, order_by=F("pk").asc())
    of_class = Window(Count("pk"), partition_by=by_class)
    train = GoldLabel.objects.filter(split=GoldLabel.Split.TRAIN)
    counted = train.annotate(place=place, of_class=of_class)
    plenty = Q(place__lte=SHOWN_EACH + PRACTICE_EACH, of_class__gte=PRACTICE_FROM)
    chosen = counted.filter(Q(place__lte=SHOWN_EACH) | plenty)
    # By key: a further filter on the windows themselves would narrow what the places count.
    return GoldLabel.objects.filter(pk__in=chosen.values("pk"))


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
