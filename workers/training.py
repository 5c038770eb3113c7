"""Training: one run from its frozen list to a judged model version."""

import logging
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from celery import shared_task
from django.conf import settings

from labeling import jobs
from labeling.models import ModelVersion, TrainingRun
from labeling.progress import time_left
from labeling.selectors.trainable import by_what_they_lack
from labeling.selectors.training_rows import LabeledGlitch
from labeling.services.runs import claim_run, held
from labeling.services.training import choose_recipe
from labeling.services.training_folders import training_folder
from labeling.services.training_results import record_epoch
from labeling.services.training_sets import freeze_training_set
from labeling.version import code_version
from ml.vision.inputs.dataset import Example, GlitchPictures, TrainingSet
from ml.vision.recipes import find_recipe
from ml.vision.recipes.settings import TrainingSettings
from ml.vision.training.checkpoint_files import delete_checkpoints, move_aside
from workers.pictures import glitch_pictures
from workers.steps import EpochSteps
from workers.tasks import DeviceTask, Held, holding, worker_name
from workers.verdicts import as_json, judge_and_store

if TYPE_CHECKING:
    from ml.vision.errors import CheckpointMismatch
    from ml.vision.training.train import EpochReport, TrainedModel

log = logging.getLogger(__name__)

BEGUN, FITTED = 0.1, 0.9  # how far a run is before its first epoch of learning and after its last


@shared_task(name=jobs.RUN_TRAINING, base=DeviceTask)
def run_training(run_id: int) -> None:
    """Train, judge and store; returns at once where the run is another's or has ended."""
    from ml.vision.devices import has_gpu
    from ml.vision.memory import or_too_little
    from ml.vision.networks.backbones import lacks_weights

    run = claim_run(TrainingRun, run_id, worker_name())
    if run is None:
        return
    with holding(run) as life, or_too_little():
        life.check_attempts()
        held(run).update(code_version=code_version())
        choose_recipe(run, has_gpu=has_gpu(), lacks_weights=lacks_weights)
        life.report("gathering labels", 0.0)
        rows = freeze_training_set(run)
        run.refresh_from_db()
        training_set = _training_set(run, rows)
        model = _train(run, training_set, life)
        model = replace(model, notes=(*_notes(run), *model.notes))
        life.report("judging on the gold test set", 0.95, until=0.99)
        if judge_and_store(run, model, training_set) is not None:
            delete_checkpoints(training_folder(run.pk))


def _notes(run: TrainingRun) -> list[str]:
    """What there is to say of the run besides what its training noted."""
    lacking = by_what_they_lack(run.left_out)
    classes = [f"{', '.join(labels)} ({words})" for words, labels in lacking.items()]
    left_out = [f"Classes left out for what they lack: {'; '.join(classes)}."] if classes else []
    return [*run.notes, *left_out]


def _training_set(run: TrainingRun, rows: list[LabeledGlitch]) -> TrainingSet:
    pictures = _pictures_of([row.glitch_id for row in rows])
    splits: dict[str, list[Example]] = {"train": [], "validation": [], "test": []}
    for row in rows:
        splits[row.split].append(
            Example(pictures[row.glitch_id], row.label, row.weight, row.posterior)
        )
    classes = tuple(run.class_list.labels) if run.class_list else ()
    return TrainingSet(classes, **splits, unlabeled=unlabeled_for(run))


def unlabeled_for(run: TrainingRun) -> list[GlitchPictures]:
    """Those of the run's frozen list, in its order."""
    return list(_pictures_of(run.unlabeled_ids or []).values())


def _pictures_of(glitch_ids: Sequence[int]) -> dict[int, GlitchPictures]:
    """Of each in the order given, also where none is stored any more: the list stays the same."""
    stored = glitch_pictures(glitch_ids)
    return {pk: stored.get(pk, GlitchPictures(str(pk), {})) for pk in glitch_ids}


def _train(run: TrainingRun, training_set: TrainingSet, life: Held) -> "TrainedModel":
    from ml.vision.errors import CheckpointMismatch
    from ml.vision.training.distributed import train_on_all_devices

    reports: list[EpochReport] = []

    def on_epoch(report: "EpochReport") -> None:
        record_epoch(run, as_json(asdict(report)))
        reports.append(report)
        if report.is_last:
            life.report("calibrating", FITTED, until=0.95)
            return
        epoch, epochs, seconds = report.epoch, report.epochs, seconds_an_epoch(reports)
        left = time_left(seconds, epochs - epoch)
        life.report(f"epoch {epoch} of {epochs}{left}", _share(epoch, epochs))
        life.steps = _steps_of(epoch + 1, epochs, seconds)

    recipe = TrainingSettings.from_dict(run.settings | {"recipe": run.recipe})
    is_ensemble = find_recipe(recipe.recipe).is_ensemble
    life.report("looking at the pictures", 0.05, until=0.95 if is_ensemble else BEGUN)
    folder = training_folder(run.pk)
    if is_ensemble:
        return _average(recipe, training_set, folder)
    for _ in range(2):
        try:
            return train_on_all_devices(
                training_set, recipe, folder, settings.CACHE_FOLDER, on_epoch=on_epoch
            )
        except CheckpointMismatch as error:
            log.warning("Training %s begins again: %s", run.pk, error)
            _begin_again(run, life, folder, error)
    raise RuntimeError(f"training {run.pk} does not fit its own checkpoints")


def _begin_again(run: TrainingRun, life: Held, folder: Path, error: "CheckpointMismatch") -> None:
    """Make room for it, and say so where a person looks; nothing is deleted."""
    aside = move_aside(folder)
    done = max((epoch["epoch"] for epoch in run.epochs), default=0)
    note = (
        f"Attempt {run.attempts} began again from the start: the checkpoints, after epoch {done}, "
        f"do not fit ({error.data['why']}). Until a version is made of this training they are kept "
        f"in {folder.name}/{aside.name}."
    )
    run.notes = [*run.notes, note]
    held(run).update(progress=0.0, notes=run.notes)
    life.began_again = True


def _share(epoch: int, epochs: int) -> float:
    """How far a run is after so many ``epochs``."""
    return BEGUN + (FITTED - BEGUN) * epoch / max(epochs, 1)


def _steps_of(epoch: int, epochs: int, seconds: float | None) -> EpochSteps:
    begun, done = _share(epoch - 1, epochs), _share(epoch, epochs)
    return EpochSteps(f"epoch {epoch} of {epochs}", begun, done, epochs - epoch, seconds)


def seconds_an_epoch(reports: "Sequence[EpochReport]") -> float | None:
    """Mean over this worker's own epochs, else over those of the one before; None before any.

    A run may have begun on another machine. Epoch 0 trains nothing and is no measure.
    """
    epochs = [report for report in reports if report.epoch]
    counted = [report for report in epochs if not report.replayed] or epochs
    return sum(report.seconds for report in counted) / len(counted) if counted else None


def _average(recipe: TrainingSettings, training_set: TrainingSet, folder: Path) -> "TrainedModel":
    from ml.vision.prediction.ensemble import make_ensemble

    versions = ModelVersion.objects.filter(
        role=ModelVersion.Role.CLASSIFIER, number__in=recipe.members
    )
    paths = [settings.MODELS_FOLDER / version.weights for version in versions.order_by("number")]
    return make_ensemble(paths, training_set, recipe, folder, settings.CACHE_FOLDER)
