"""Training: one run from its frozen list to a judged model version."""

import hashlib
import logging
import math
import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from celery import shared_task
from django.conf import settings

from labeling import jobs
from labeling.models import ModelVersion, TrainingRun
from labeling.selectors.versions import active_version
from labeling.services.runs import claim_run, held
from labeling.services.training import choose_recipe
from labeling.services.training_results import Trained, finish_training, record_epoch
from labeling.services.training_sets import LabeledGlitch, freeze_training_set, unlabeled_glitches
from labeling.version import code_version
from ml.vision.calibrate import class_thresholds
from ml.vision.dataset import Example, GlitchPictures, TrainingSet
from ml.vision.evaluate import metrics
from ml.vision.gate import decide
from ml.vision.judging.judged import Judged
from ml.vision.recipes import find_recipe
from ml.vision.settings import TrainingSettings
from workers.pictures import glitch_pictures
from workers.tasks import Held, RecordedTask, holding, worker_name

if TYPE_CHECKING:
    from ml.vision.classifier import Classifier
    from ml.vision.train import EpochReport, TrainedModel

log = logging.getLogger(__name__)


@shared_task(name=jobs.RUN_TRAINING, base=RecordedTask)
def run_training(run_id: int) -> None:
    """Train, judge and store; returns at once where the run is another's or has ended."""
    from ml.vision.devices import has_gpu

    run = claim_run(TrainingRun, run_id, worker_name())
    if run is None:
        return
    with holding(run) as life:
        life.check_attempts()
        held(run).update(code_version=code_version())
        choose_recipe(run, has_gpu=has_gpu())
        life.report("gathering labels", 0.0)
        rows = freeze_training_set(run)
        run.refresh_from_db()
        training_set = _training_set(run, rows)
        model = _train(run, training_set, life)
        life.report("judging on the gold test set", 0.95)
        finish_training(run, _judge(model, training_set))


def _training_set(run: TrainingRun, rows: list[LabeledGlitch]) -> TrainingSet:
    pictures = glitch_pictures(row.glitch_id for row in rows)
    splits: dict[str, list[Example]] = {"train": [], "validation": [], "test": []}
    for row in rows:
        splits[row.split].append(
            Example(pictures[row.glitch_id], row.label, row.weight, row.posterior)
        )
    classes = tuple(run.class_list.labels) if run.class_list else ()
    return TrainingSet(classes, **splits, unlabeled=unlabeled_for(run))


def unlabeled_for(run: TrainingRun) -> list[GlitchPictures]:
    """As many glitches as the recipe asks for: those of before the run, in an order of chance.

    The order goes by the pictures' hash and never changes, so that a worker that takes the run up
    gets the same.
    """
    wanted = int(run.settings.get("unlabeled", 0))
    if not wanted:
        return []
    ids = unlabeled_glitches(run).order_by("content_digest", "pk").values_list("pk", flat=True)
    return list(glitch_pictures(ids[:wanted]).values())


def _train(run: TrainingRun, training_set: TrainingSet, life: Held) -> "TrainedModel":
    from ml.vision.distributed import train_on_all_devices
    from ml.vision.errors import CheckpointMismatch

    reports: list[EpochReport] = []

    def on_epoch(report: "EpochReport") -> None:
        record_epoch(run, _as_json(asdict(report)))
        reports.append(report)
        share = 0.1 + 0.8 * report.epoch / max(report.epochs, 1)
        left = time_left(seconds_an_epoch(reports), report.epochs - report.epoch)
        life.report(f"epoch {report.epoch} of {report.epochs}{left}", share)

    life.report("looking at the pictures", 0.05)
    recipe = TrainingSettings.from_dict(run.settings)
    folder = settings.MODELS_FOLDER / f"training-{run.pk}"
    if find_recipe(recipe.recipe).is_ensemble:
        return _average(recipe, training_set, folder)
    for _ in range(2):
        try:
            return train_on_all_devices(
                training_set, recipe, folder, settings.CACHE_FOLDER, on_epoch=on_epoch
            )
        except CheckpointMismatch as error:
            # The run's own list and settings are frozen: another release of the code wrote these.
            log.warning("Training %s begins again: %s", run.pk, error)
            shutil.rmtree(folder)
    raise RuntimeError(f"training {run.pk} does not fit its own checkpoints")


def seconds_an_epoch(reports: "Sequence[EpochReport]") -> float | None:
    """Mean over this worker's own epochs, else over those of the one before; None before any.

    A run may have begun on another machine. Epoch 0 trains nothing and is no measure.
    """
    epochs = [report for report in reports if report.epoch]
    counted = [report for report in epochs if not report.replayed] or epochs
    return sum(report.seconds for report in counted) / len(counted) if counted else None


def time_left(seconds: float | None, epochs: int) -> str:
    """ ", at most 3 min left" for so many ``epochs`` of so many ``seconds``; "" where unknown."""
    if seconds is None or epochs < 1:
        return ""
    left = epochs * seconds
    for unit, name in ((3600, "h"), (60, "min")):
        if left >= 1.5 * unit:
            return f", at most {left / unit:.0f} {name} left"
    return f", at most {left:.0f} s left"


def _average(recipe: TrainingSettings, training_set: TrainingSet, folder: Path) -> "TrainedModel":
    from ml.vision.ensemble import make_ensemble

    versions = ModelVersion.objects.filter(
        role=ModelVersion.Role.CLASSIFIER, number__in=recipe.members
    )
    paths = [settings.MODELS_FOLDER / version.weights for version in versions.order_by("number")]
    return make_ensemble(paths, training_set, recipe, folder, settings.CACHE_FOLDER)


def _judge(model: "TrainedModel", training_set: TrainingSet) -> Trained:
    """Compare the candidate with the active version on the same gold test set."""
    from ml.vision.classifier import Classifier

    loaded = Classifier.load(model.weights)
    candidate = _judged(loaded, training_set.test)
    active = active_version(ModelVersion.Role.CLASSIFIER)
    judged_active = None
    if active is not None:
        in_use = Classifier.load(settings.MODELS_FOLDER / active.weights)
        judged_active = _judged(in_use, training_set.test)
    decision = decide(candidate, judged_active)
    figures = metrics(candidate.probabilities, candidate.labels, candidate.classes)
    figures |= {
        "best_epoch": model.best_epoch,
        "temperature": model.temperature,
        "seconds": model.seconds,
        "skipped": [asdict(skipped) for skipped in model.skipped],
        "notes": list(model.notes),
        "counts": {name: len(rows) for name, rows in training_set.splits().items()},
        "compared_with": active.number if active else None,
        "checks": [check.to_dict() for check in decision.checks],
        "thresholds": _thresholds(loaded, training_set),
    }
    return Trained(
        weights=str(Path(model.weights).relative_to(settings.MODELS_FOLDER)),
        weights_sha256=hashlib.sha256(Path(model.weights).read_bytes()).hexdigest(),
        metrics=_as_json(figures),
        goes_live=decision.goes_live,
        reason=decision.reason,
        compared_with=active.pk if active else None,
    )


def _judged(classifier: "Classifier", examples: Sequence[Example]) -> Judged:
    scores = classifier.score([e.pictures for e in examples], settings.CACHE_FOLDER)
    labels = {e.pictures.glitch_id: e.label for e in examples}
    return Judged(
        classifier.classes,
        scores.probabilities,
        [labels[glitch_id] for glitch_id in scores.glitch_ids],
        scores.glitch_ids,
    )


def _thresholds(classifier: "Classifier", training_set: TrainingSet) -> dict[str, float | None]:
    """From which confidence on each class can be trusted, measured on validation."""
    judged = _judged(classifier, training_set.validation)
    columns = [training_set.classes.index(label) for label in judged.labels]
    return class_thresholds(judged.probabilities, np.array(columns, int), training_set.classes)


def _as_json(value: Any) -> Any:
    """The same with NaN, which JSON does not know, as None."""
    if isinstance(value, dict):
        return {key: _as_json(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_as_json(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
