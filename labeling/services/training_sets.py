"""Training sets: the list of glitches that a training run uses, frozen when it begins."""

import hashlib
from collections import Counter
from dataclasses import replace

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from labeling.errors import LabelingError
from labeling.models import Glitch, GlitchClass, GoldLabel, TrainingExample, TrainingRun
from labeling.selectors.classes import trained_labels
from labeling.selectors.learned import learned_by
from labeling.selectors.trainable import EXAMPLES_MIN, trainable_classes, what_they_lack
from labeling.selectors.training_rows import LabeledGlitch, labeled_glitch, rows_to_train_on
from labeling.services.classes import freeze_class_list
from ml.vision.recipes.rules import AS_DRAWN, IN_TIME

UNSEEN_FROM = "c"  # of sixteen first digits of a digest the last four


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
    rows = rows_to_train_on(run.settings.get("split", AS_DRAWN))
    lacking = what_they_lack(_counted(rows))
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


def learned_now() -> tuple[int, str]:
    """From how many glitches a training would learn or be chosen by now, and their SHA-256."""
    classes, test = trainable_classes(), GoldLabel.Split.TEST
    rows = [row for row in rows_to_train_on() if row.split != test and row.label in classes]
    return len(rows), _digest_of(rows)


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
        labeled_glitch(e.glitch, e.glitch_class, e.split, e.origin, e.weight, e.posterior)
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
