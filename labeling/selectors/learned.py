"""What trainings have had: a glitch that one learned from is no test of it."""

from django.db.models import Q

from labeling.models import GoldLabel, TrainingExample, TrainingRun


def split_learned(glitch_id: int) -> GoldLabel.Split | None:
    """In which split trainings have had the glitch: train if one learned from it, with a label or
    without; else validation if one was chosen by it; None where none has seen it."""
    split = GoldLabel.Split
    had = set(
        TrainingExample.objects.filter(~Q(split=split.TEST), glitch=glitch_id).values_list(
            "split", flat=True
        )
    )
    if split.TRAIN in had:
        return split.TRAIN
    if TrainingRun.objects.filter(unlabeled_ids__contains=[glitch_id]).exists():
        return split.TRAIN
    return split.VALIDATION if had else None
