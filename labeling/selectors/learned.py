"""What trainings have had: a glitch that one learned from is no test of it."""

from labeling.models import GoldLabel, TrainingExample, TrainingRun


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
