"""Reads of the labeled glitches that a training may use, each in its split."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from django.conf import settings as django_settings

from labeling.models import Consensus, Glitch, GlitchClass, GoldLabel, TrainingExample
from labeling.selectors.labeled import CONSENSUS_SPLIT, GOLD_SHARES, usable_consensus, usable_gold
from ml.vision.judging.splits import split_in_time
from ml.vision.recipes.rules import AS_DRAWN, IN_TIME

POSTERIOR_LEAST = 0.001


@dataclass(frozen=True)
class LabeledGlitch:
    glitch_id: int
    gravityspy_id: str
    label: str
    class_id: int
    split: str
    origin: str
    weight: float
    content: str
    time: float | None = None
    posterior: dict[str, float] | None = None


def labeled_glitches(*, none_of_the_above: bool = False) -> list[LabeledGlitch]:
    """Every glitch that a training may use: gold in its split, consensus in train or validation.

    The test split is gold alone. A row is built for each: :func:`label_counts` counts without.
    """
    gold = usable_gold(none_of_the_above=none_of_the_above)
    rows = [
        labeled_glitch(g.glitch, g.glitch_class, g.split, TrainingExample.Origin.GOLD, 1.0)
        for g in gold.select_related("glitch", "glitch_class")
    ]
    agreed = usable_consensus(none_of_the_above=none_of_the_above).annotate(split=CONSENSUS_SPLIT)
    rows += [
        labeled_glitch(
            c.glitch,
            c.top_class,
            c.split,
            TrainingExample.Origin.CONSENSUS,
            c.top_agreement,
            _posterior(c),
        )
        for c in agreed.select_related("glitch", "top_class", "class_list")
    ]
    return sorted(rows, key=lambda row: row.gravityspy_id)


def rows_to_train_on(split: str = AS_DRAWN) -> list[LabeledGlitch]:
    rows = labeled_glitches(none_of_the_above=django_settings.TRAIN_NONE_OF_THE_ABOVE)
    return dealt_in_time(rows) if split == IN_TIME else rows


def dealt_in_time(rows: list[LabeledGlitch]) -> list[LabeledGlitch]:
    """The earliest to train, the next to validation, the latest to the test, a minute apart.

    Nothing but gold of the test split is tested on, and it is never trained on: what of it is
    early is left out, and so are late glitches of the other splits, and those without a time.
    """
    dealt = [
        replace(rows[place], split=split)
        for place, split in places_in_time([row.time for row in rows], [row.split for row in rows])
    ]
    return sorted(dealt, key=lambda row: row.gravityspy_id)


def places_in_time(
    times: Sequence[float | None], splits: Sequence[str]
) -> Iterator[tuple[int, str]]:
    """The places of those that :func:`dealt_in_time` keeps, and the split of each."""
    seconds = np.array([np.nan if time is None else time for time in times], np.float64)
    shares = {split.value: share for split, share in GOLD_SHARES.items()}
    test = GoldLabel.Split.TEST
    for split, places in split_in_time(seconds, shares).items():
        for place in places:
            if (splits[place] == test) == (split == test):
                yield place, split


def _posterior(consensus: Consensus) -> dict[str, float]:
    """What the crowd holds of each class, without the crumbs."""
    held = zip(consensus.class_list.labels, consensus.agreement, strict=True)
    return {label: round(share, 4) for label, share in held if share >= POSTERIOR_LEAST}


def labeled_glitch(
    glitch: Glitch,
    glitch_class: GlitchClass,
    split: str,
    origin: str,
    weight: float,
    posterior: dict[str, float] | None = None,
) -> LabeledGlitch:
    """One row of a training, by what it is labeled with, in which split and from where.

    ``weight`` is the agreement on the label (1 for gold), ``posterior`` the shares of all classes.
    """
    return LabeledGlitch(
        glitch_id=glitch.pk,
        gravityspy_id=glitch.gravityspy_id,
        label=glitch_class.label,
        class_id=glitch_class.pk,
        split=split,
        origin=origin,
        weight=weight,
        content=glitch.content_digest,
        time=glitch.event_time,
        posterior=posterior,
    )
