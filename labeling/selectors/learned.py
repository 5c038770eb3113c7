"""What trainings have had: a glitch that one learned from is no test of it."""

from collections.abc import Sequence

from django.db.models import QuerySet

from labeling.models import GoldLabel, ModelVersion, TrainingExample, TrainingRun


def split_learned(glitch_id: int) -> GoldLabel.Split | None:
    """In which split trainings have had the glitch: train if one learned from it, with a label or
    without; else validation if one was chosen by it; None where none has seen it.

    Three questions at most, each to one entry of an index: the cost does not grow with the
    trainings.
    """
    split = GoldLabel.Split
    had = TrainingExample.objects.filter(glitch=glitch_id)
    if had.filter(split=split.TRAIN).exists():
        return split.TRAIN
    if TrainingRun.objects.filter(unlabeled_ids__contains=[glitch_id]).exists():
        return split.TRAIN
    return split.VALIDATION if had.filter(split=split.VALIDATION).exists() else None


def trainings_of(numbers: Sequence[int]) -> QuerySet[TrainingRun]:
    """The trainings of these classifiers, and of the members of ensembles down to the last.

    An ensemble learns from nothing itself, but its members did.
    """
    of_classifiers = TrainingRun.objects.filter(model_version__role=ModelVersion.Role.CLASSIFIER)
    found: set[int] = set()
    wanted = set(numbers)
    while wanted:
        found |= wanted
        lists = of_classifiers.filter(model_version__number__in=wanted)
        members = lists.values_list("settings__members", flat=True)
        wanted = {number for each in members for number in each or []} - found
    return of_classifiers.filter(model_version__number__in=found)


def learned_by(numbers: Sequence[int]) -> set[int]:
    """Ids of the glitches that these classifiers learned from, with a label or without."""
    runs = trainings_of(numbers)
    trained = TrainingExample.objects.filter(run__in=runs, split=GoldLabel.Split.TRAIN)
    learned = set(trained.values_list("glitch_id", flat=True))
    for unlabeled in runs.values_list("unlabeled_ids", flat=True):
        learned.update(unlabeled or [])
    return learned
