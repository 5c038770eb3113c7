"""Reads of the labels that a training may use: the rows themselves, and their counts."""

from collections import Counter

from django.db.models import BinaryField, Case, CharField, Count, Func, QuerySet, Value, When
from django.db.models.lookups import LessThan

from labeling.models import Consensus, Glitch, GoldLabel

GOLD_SHARES = {
    GoldLabel.Split.TRAIN: 0.6,
    GoldLabel.Split.VALIDATION: 0.15,
    GoldLabel.Split.TEST: 0.25,
}
VALIDATION_SHARE = 0.15  # of what the crowd agreed on

_SPLIT = GoldLabel.Split
# A hash's first four bytes as a share of the largest number that they can hold.
_FIRST_TO_TRAIN = (int(VALIDATION_SHARE * 0xFFFFFFFF) + 1).to_bytes(4)


class _Sha256(Func):
    """SHA-256 of a text in UTF-8, as bytes."""

    template = "sha256(convert_to(%(expressions)s, 'UTF8'))"
    output_field = BinaryField()


_HASH = _Sha256("glitch__gravityspy_id")
# Train or validation, by the id alone: a glitch never changes sides between trainings.
CONSENSUS_SPLIT = Case(
    When(LessThan(_HASH, Value(_FIRST_TO_TRAIN)), then=Value(_SPLIT.VALIDATION.value)),
    default=Value(_SPLIT.TRAIN.value),
    output_field=CharField(),
)


def usable_gold(*, none_of_the_above: bool = False) -> QuerySet[GoldLabel]:
    """Gold labels of the classes in use.

    None_of_the_Above is no class to train on unless it is asked for: it hides novelty.
    """
    gold = GoldLabel.objects.filter(glitch_class__valid_to__isnull=True)
    return gold if none_of_the_above else gold.exclude(glitch_class__is_none_of_the_above=True)


def usable_consensus(*, none_of_the_above: bool = False) -> QuerySet[Consensus]:
    """What the crowd agreed on of glitches without gold; :data:`CONSENSUS_SPLIT` is its split."""
    agreed = Consensus.objects.filter(
        glitch__retire_reason=Glitch.RetireReason.CONSENSUS,
        glitch__is_reserved=False,
        glitch__gold_labels__isnull=True,
        top_class__valid_to__isnull=True,
    )
    return agreed if none_of_the_above else agreed.exclude(top_class__is_none_of_the_above=True)


def count_labels(*, none_of_the_above: bool = False) -> dict[str, Counter[str]]:
    """How many labels of each class there are, by split: two queries, a row a class and split."""
    gold = usable_gold(none_of_the_above=none_of_the_above)
    agreed = usable_consensus(none_of_the_above=none_of_the_above)
    counts: dict[str, Counter[str]] = {}
    for rows in (
        gold.values_list("glitch_class__label", "split"),
        agreed.values_list("top_class__label", CONSENSUS_SPLIT),
    ):
        for label, split, count in rows.annotate(count=Count("pk")).order_by():
            counts.setdefault(label, Counter())[split] += count
    return counts
