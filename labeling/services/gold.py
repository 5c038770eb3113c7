"""Gold labels: given once, split once."""

from collections import Counter

from django.db import transaction
from django.utils.translation import gettext as _

from labeling.errors import ConflictError, ForbiddenError
from labeling.models import Glitch, GlitchClass, GoldLabel, User
from labeling.selectors.examples import SHOWN_EACH, shown_gold
from labeling.selectors.labeled import GOLD_SHARES
from labeling.selectors.learned import split_learned

PRACTICE_EACH = 2  # to practise on, besides what the field guide shows
PRACTICE_FROM = 8  # where the training split has as many of the class


def next_split(counts: Counter[str]) -> GoldLabel.Split:
    """The split that is furthest behind its share of a class's gold.

    Drawn so, every class has its part in each split however few its labels are.

    >>> next_split(Counter()).value, next_split(Counter(train=1)).value
    ('train', 'test')
    """
    total = sum(counts.values()) + 1
    return max(GOLD_SHARES, key=lambda split: GOLD_SHARES[split] * total - counts[split.value])


@transaction.atomic
def add_gold_label(
    glitch: Glitch,
    glitch_class: GlitchClass,
    *,
    by: User | None,
    origin: GoldLabel.Origin = GoldLabel.Origin.EXPERT,
    split: GoldLabel.Split | None = None,
) -> GoldLabel:
    """Give a glitch its gold label, and take it out of the volunteers' queue.

    ``split`` is that of a published set; without it the one in which a training has had the glitch
    already, else the one furthest behind its share is drawn. The same label again changes nothing;
    another raises ConflictError ``gold_exists``, the same in another split ``other_split``, as does
    the test split for what was trained on. The caller's transaction, where there is one, holds no
    lock on another glitch.
    """
    glitch = Glitch.objects.select_for_update(no_key=True).get(pk=glitch.pk)
    if glitch.is_reserved:
        raise ForbiddenError(
            _("Glitch %(id)s is reserved for evaluation; it takes no gold label.")
            % {"id": glitch.gravityspy_id},
            code="glitch_reserved",
        )
    existing = GoldLabel.objects.filter(glitch=glitch).select_related("glitch_class").first()
    if existing is not None:
        if existing.glitch_class_id == glitch_class.pk:
            _check_split(existing, split)
            return existing
        raise ConflictError(
            _("Glitch %(id)s has the gold label %(label)s already; change that one instead.")
            % {"id": glitch.gravityspy_id, "label": existing.glitch_class.label},
            code="gold_exists",
        )
    # One row a class is the lock that keeps two labels given at once from the same split, and a
    # training from learning meanwhile from what is drawn for the test.
    GlitchClass.objects.select_for_update(no_key=True).get(pk=glitch_class.pk)
    counts = Counter(
        GoldLabel.objects.filter(glitch_class=glitch_class).values_list("split", flat=True)
    )
    learned = split_learned(glitch.pk)
    if learned is not None and split == GoldLabel.Split.TEST:
        raise ConflictError(
            f"Glitch {glitch.gravityspy_id} cannot be tested on: a training has had it in the "
            f"split {learned}. Leave the split out.",
            code="other_split",
        )
    split = split or learned or next_split(counts)
    gold = GoldLabel.objects.create(
        glitch=glitch,
        glitch_class=glitch_class,
        split=split,
        origin=origin,
        given_by=by,
        is_shown=split == GoldLabel.Split.TRAIN and _is_to_be_shown(glitch_class, counts[split]),
    )
    Glitch.objects.filter(pk=glitch.pk).update(workflow=None)
    return gold


def _check_split(gold: GoldLabel, wanted: GoldLabel.Split | None) -> None:
    if wanted is not None and gold.split != wanted:
        raise ConflictError(
            _(
                "Glitch %(id)s is in the split %(split)s for ever, not in %(wanted)s: a model "
                "version may have been trained on it."
            )
            % {"id": gold.glitch.gravityspy_id, "split": gold.split, "wanted": wanted},
            code="other_split",
        )


def _is_to_be_shown(glitch_class: GlitchClass, in_train: int) -> bool:
    """The first of the training split, so that they never change; some more where it is plenty."""
    most = SHOWN_EACH + (PRACTICE_EACH if in_train + 1 >= PRACTICE_FROM else 0)
    return in_train < SHOWN_EACH or shown_gold().filter(glitch_class=glitch_class).count() < most
