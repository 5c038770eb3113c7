"""Folders of trainings: checkpoints while one can go on from them, then its weights alone."""

import shutil
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import transaction

from labeling.models import TrainingRun
from labeling.models.runs import Run
from labeling.selectors.runs import checkpoints_until
from ml.vision.training.checkpoint_files import delete_checkpoints

PREFIX = "training-"


def training_folder(run_id: int) -> Path:
    """Checkpoints, weights and event files of a training."""
    return Path(settings.MODELS_FOLDER) / f"{PREFIX}{run_id}"


def clear_training_folders(now: datetime) -> int:
    """Delete what no training can go on from any more; how many folders had some.

    Of one that succeeded the checkpoints, of one that failed or was cancelled the whole folder,
    ``NOTA_KEEP_FAILED_DAYS`` after its end. A folder of no known training is left alone.
    """
    folders = Path(settings.MODELS_FOLDER).glob(f"{PREFIX}*")
    numbers = [folder.name.removeprefix(PREFIX) for folder in folders]
    return sum(_clear(int(number), now) for number in numbers if number.isdecimal())


@transaction.atomic
def _clear(run_id: int, now: datetime) -> bool:
    # Nobody lets it go on while its row is locked here.
    run = TrainingRun.objects.select_for_update().filter(pk=run_id).first()
    if run is None:
        return False
    folder = training_folder(run_id)
    if run.state == Run.State.SUCCEEDED:
        return delete_checkpoints(folder) > 0
    kept_until = checkpoints_until(run)
    if kept_until is None or kept_until > now:
        return False
    shutil.rmtree(folder)
    return True
