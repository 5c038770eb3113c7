"""Class priors: the shares of the classes among what has been labeled, kept by a sweep."""

from collections import Counter

from django.db import transaction
from django.db.models import Count

from labeling.models import Consensus, Glitch, GlitchClass, GoldLabel

# Pseudo-counts: every class starts as if it had been seen a little, and None_of_the_Above more,
# since experts seldom give it as gold while unknown kinds are always there.
SMOOTHING = 0.5
SMOOTHING_NONE_OF_THE_ABOVE = 0.1


@transaction.atomic
def refresh_class_priors() -> None:
    """Count gold and retired consensus by class: all of them are read, so it is done seldom."""
    counts: Counter[int] = Counter()
    for rows in (
        GoldLabel.objects.values_list("glitch_class").annotate(n=Count("pk")),
        Consensus.objects.filter(glitch__retire_reason=Glitch.RetireReason.CONSENSUS)
        .values_list("top_class")
        .annotate(n=Count("pk")),
    ):
        counts.update(dict(rows))
    classes = list(GlitchClass.objects.select_for_update(no_key=True).order_by("pk"))
    total = sum(counts.values())
    if total == 0:
        return
    shares = [
        counts[c.pk]
        + (SMOOTHING_NONE_OF_THE_ABOVE * total if c.is_none_of_the_above else SMOOTHING)
        for c in classes
    ]
    for glitch_class, share in zip(classes, shares, strict=True):
        glitch_class.prior = share / sum(shares)
    GlitchClass.objects.bulk_update(classes, ["prior"])
