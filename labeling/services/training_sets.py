"""Training sets: which glitches a training may use, in which split, and the frozen list."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from django.conf import settings as django_settings
from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from labeling.errors import LabelingError
from labeling.models import Consensus, Glitch, GlitchClass, GoldLabel, TrainingExample, TrainingRun
from labeling.selectors.classes import trained_labels
from labeling.selectors.labeled import (
    CONSENSUS_SPLIT,
    count_labels,
    usable_consensus,
    usable_gold,
)
from labeling.selectors.learned import learned_by
from labeling.services.classes import freeze_class_list
from labeling.services.gold import SHARES
from ml.vision.judging.splits import split_in_time
from ml.vision.recipes.rules import AS_DRAWN, IN_TIME

# With fewer labeled glitches than this a class is not trained on: it would be noise.
EXAMPLES_MIN = 5
POSTERIOR_LEAST = 0.001
UNSEEN_FROM = "c"  # of sixteen first digits of a digest the last four


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
        _labeled(g.glitch, g.glitch_class, g.split, TrainingExample.Origin.GOLD, 1.0)
        for g in gold.select_related("glitch", "glitch_class")
    ]
    agreed = usable_consensus(none_of_the_above=none_of_the_above).annotate(split=CONSENSUS_SPLIT)
    rows += [
        _labeled(
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


def _to_train_on(split: str = AS_DRAWN) -> list[LabeledGlitch]:
    rows = labeled_glitches(none_of_the_above=django_settings.TRAIN_NONE_OF_THE_ABOVE)
    return dealt_in_time(rows) if split == IN_TIME else rows


def dealt_in_time(rows: list[LabeledGlitch]) -> list[LabeledGlitch]:
    """The earliest to train, the next to validation, the latest to the test, a minute apart.

    Nothing but gold of the test split is tested on, and it is never trained on: what of it is
    early is left out, and so are late glitches of the other splits, and those without a time.
    """
    dealt = [
        replace(rows[place], split=split)
        for place, split in _dealt([row.time for row in rows], [row.split for row in rows])
    ]
    return sorted(dealt, key=lambda row: row.gravityspy_id)


def _dealt(times: Sequence[float | None], splits: Sequence[str]) -> Iterator[tuple[int, str]]:
    """The places of those that :func:`dealt_in_time` keeps, and the split of each."""
    seconds = np.array([np.nan if time is None else time for time in times], np.float64)
    shares = {split.value: share for split, share in SHARES.items()}
    test = GoldLabel.Split.TEST
    for split, places in split_in_time(seconds, shares).items():
        for place in places:
            if (splits[place] == test) == (split == test):
                yield place, split


def _posterior(consensus: Consensus) -> dict[str, float]:
    """What the crowd holds of each class, without the crumbs."""
    held = zip(consensus.class_list.labels, consensus.agreement, strict=True)
    return {label: round(share, 4) for label, share in held if share >= POSTERIOR_LEAST}


def _labeled(
    glitch: Glitch,
    glitch_class: GlitchClass,
    split: str,
    origin: str,
    weight: float,
    posterior: dict[str, float] | None = None,
) -> LabeledGlitch:
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


def learned_now() -> tuple[int, str]:
    """From how many glitches a training would learn or be chosen by now, and their SHA-256."""
    classes, test = trainable_classes(), GoldLabel.Split.TEST
    rows = [row for row in _to_train_on() if row.split != test and row.label in classes]
    return len(rows), _digest_of(rows)


def trainable_classes(*, split: str = AS_DRAWN) -> set[str]:
    """The labels of which a training by this ``split`` has enough."""
    return trained_labels() - left_out(split=split).keys()


def left_out(*, split: str = AS_DRAWN) -> dict[str, str]:
    """The classes that a training by this ``split`` cannot learn, by label, and what each lacks.

    It takes EXAMPLES_MIN labeled glitches in all, and of these one in train and one in test.
    """
    return _lacking(label_counts(split))


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
    for place, dealt in _dealt([row[0] for row in rows], [row[2] for row in rows]):
        counts.setdefault(rows[place][1], Counter())[dealt] += 1
    return counts


def _lacking(counts: Mapping[str, Counter[str]]) -> dict[str, str]:
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


@transaction.atomic
def freeze_training_set(run: TrainingRun) -> list[LabeledGlitch]:
    """Write down what the run trains on, once; a run taken up again gets the same list.

    Sets the run's class list, which classes are left out, the SHA-256 of the list, and what it
    learns from without a label.
    Raises LabelingError ``too_few_classes``.
    """
    run = TrainingRun.objects.select_for_update().get(pk=run.pk)
    rows = _frozen_examples(run) if run.data_digest else _freeze_examples(run)
    if run.unlabeled_ids is None:
        run.unlabeled_ids = _choose_unlabeled(run)
        run.save(update_fields=["unlabeled_ids"])
    return rows


def _freeze_examples(run: TrainingRun) -> list[LabeledGlitch]:
    """The caller holds the run's row."""
    # A gold label given meanwhile waits for this, and then sees that its glitch is trained on.
    list(GlitchClass.objects.select_for_update(no_key=True).order_by("pk").values_list("pk"))
    rows, run.left_out = _rows_for(run)
    classes = trained_labels() - run.left_out.keys()
    if len(classes) < 2:
        raise LabelingError(
            _(
                "Training needs at least 2 classes with %(examples_min)s labeled glitches each; "
                "there are %(classes)s."
            )
            % {"examples_min": EXAMPLES_MIN, "classes": len(classes)},
            code="too_few_classes",
        )
    TrainingExample.objects.bulk_create(
        TrainingExample(
            run=run,
            glitch_id=row.glitch_id,
            glitch_class_id=row.class_id,
            split=row.split,
            origin=row.origin,
            weight=row.weight,
            posterior=row.posterior,
        )
        for row in rows
    )
    run.data_digest = _digest_of(rows)
    in_order = GlitchClass.objects.filter(label__in=classes).order_by("id")
    run.class_list = freeze_class_list(list(in_order.values_list("label", flat=True)))
    run.save(update_fields=["data_digest", "class_list", "left_out"])
    return rows


def _rows_for(run: TrainingRun) -> tuple[list[LabeledGlitch], dict[str, str]]:
    """What the run would be given now, and which classes are left out, for what they lack."""
    rows = _to_train_on(run.settings.get("split", AS_DRAWN))
    lacking = _lacking(_counted(rows))
    classes = trained_labels() - lacking.keys()
    learned = learned_by(run.settings.get("members", []))
    given = [row for row in rows if row.label in classes]
    return [_as_learned(row) if row.glitch_id in learned else row for row in given], lacking


def learns_as_now(run: TrainingRun) -> bool:
    """Whether all but the test of the run's frozen list is what it would be given now.

    So it is for a run that is not frozen yet.
    """
    if not run.data_digest:
        return True
    test = GoldLabel.Split.TEST
    frozen, now = (
        _digest_of([row for row in rows if row.split != test])
        for rows in (_frozen_examples(run), _rows_for(run)[0])
    )
    return frozen == now


def _digest_of(rows: list[LabeledGlitch]) -> str:
    lines = "\n".join(f"{r.gravityspy_id} {r.label} {r.split} {r.content}" for r in rows)
    return hashlib.sha256(lines.encode()).hexdigest()


def _counted(rows: list[LabeledGlitch]) -> dict[str, Counter[str]]:
    counts: dict[str, Counter[str]] = {}
    for row in rows:
        counts.setdefault(row.label, Counter())[row.split] += 1
    return counts


def _as_learned(row: LabeledGlitch) -> LabeledGlitch:
    """What a member of an ensemble has learned is nothing to calibrate their average on."""
    split = GoldLabel.Split
    return replace(row, split=split.TRAIN) if row.split == split.VALIDATION else row


def _frozen_examples(run: TrainingRun) -> list[LabeledGlitch]:
    examples = run.examples.select_related("glitch", "glitch_class")
    rows = [
        _labeled(e.glitch, e.glitch_class, e.split, e.origin, e.weight, e.posterior)
        for e in examples
    ]
    return sorted(rows, key=lambda row: row.gravityspy_id)


def _choose_unlabeled(run: TrainingRun) -> list[int]:
    """As many glitches as the recipe asks for, in an order of chance: by their pictures' hash.

    Those of before the run that it has no label of. Reserved ones stay unseen, and gold of classes
    that it does not learn: what is to be tested on, and what is known to be none of its classes.
    So does a quarter of the rest, the same in all trainings: gold of a class that is born of it
    later must find something to test on.
    """
    free = Glitch.objects.filter(
        created_at__lt=run.created_at,
        is_reserved=False,
        gold_labels__isnull=True,
        content_digest__lt=UNSEEN_FROM,
    ).exclude(pk__in=run.examples.values("glitch_id"))
    if run.settings.get("split") == IN_TIME:
        learned = run.examples.filter(split=GoldLabel.Split.TRAIN)
        free = free.filter(event_time__lte=learned.aggregate(t=Max("glitch__event_time"))["t"])
    ids = free.order_by("content_digest", "pk").values_list("pk", flat=True)
    return list(ids[: int(run.settings.get("unlabeled", 0))])
