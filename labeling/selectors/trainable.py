"""Reads of which classes have labels enough to be trained on, and of what the others lack."""

from collections import Counter
from collections.abc import Mapping

from django.conf import settings as django_settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from labeling.models import GoldLabel
from labeling.selectors.classes import trained_labels
from labeling.selectors.labeled import (
    CONSENSUS_SPLIT,
    count_labels,
    usable_consensus,
    usable_gold,
)
from labeling.selectors.training_rows import places_in_time
from ml.vision.recipes.rules import AS_DRAWN, IN_TIME

# With fewer labeled glitches than this a class is not trained on: it would be noise.
EXAMPLES_MIN = 5


def trainable_classes(*, split: str = AS_DRAWN) -> set[str]:
    """The labels of which a training by this ``split`` has enough."""
    return trained_labels() - left_out(split=split).keys()


def left_out(*, split: str = AS_DRAWN) -> dict[str, str]:
    """The classes that a training by this ``split`` cannot learn, by label, and what each lacks.

    It takes EXAMPLES_MIN labeled glitches in all, and of these one in train and one in test.
    """
    return what_they_lack(label_counts(split))


def label_counts(split: str = AS_DRAWN) -> dict[str, Counter[str]]:
    """How many labels of each class a training by this ``split`` may use, by split.

    As drawn the database counts. In time it gives the time, label and split of each, for the
    splits follow from the order of all.
    """
    none_of_the_above = django_settings.TRAIN_NONE_OF_THE_ABOVE
    if split != IN_TIME:
        return count_labels(none_of_the_above=none_of_the_above)
    gold = usable_gold(none_of_the_above=none_of_the_above)
    agreed = usable_consensus(none_of_the_above=none_of_the_above)
    rows = [
        *gold.values_list("glitch__event_time", "glitch_class__label", "split"),
        *agreed.values_list("glitch__event_time", "top_class__label", CONSENSUS_SPLIT),
    ]
    counts: dict[str, Counter[str]] = {}
    for place, dealt in places_in_time([row[0] for row in rows], [row[2] for row in rows]):
        counts.setdefault(rows[place][1], Counter())[dealt] += 1
    return counts


def what_they_lack(counts: Mapping[str, Counter[str]]) -> dict[str, str]:
    """What each class lacks, in words, by its labels in each split; those that lack nothing are
    not named."""
    found = {
        label: _lacks(counts.get(label, Counter()))
        for label in sorted(trained_labels())  # and not closed meanwhile
    }
    return {label: words for label, words in found.items() if words}


def by_what_they_lack(classes: Mapping[str, str]) -> dict[str, list[str]]:
    """What :func:`left_out` gives, the other way round.

    >>> by_what_they_lack({"Tomte": "no labels", "Crown": "1 more label", "Blip": "no labels"})
    {'no labels': ['Blip', 'Tomte'], '1 more label': ['Crown']}
    """
    found: dict[str, list[str]] = {}
    for label, words in sorted(classes.items()):
        found.setdefault(words, []).append(label)
    return found


def _lacks(counts: Counter[str]) -> str:
    """By the number of labeled glitches a split; "" where they are enough."""
    total = counts.total()
    if not total:
        return _("no labels")
    more = EXAMPLES_MIN - total
    said = {
        ngettext("%(n)s more label", "%(n)s more labels", more) % {"n": more}: more > 0,
        _("none in the training split"): not counts[GoldLabel.Split.TRAIN],
        _("no gold in the test split"): not counts[GoldLabel.Split.TEST],
    }
    return ", ".join(words for words, is_so in said.items() if is_so)
