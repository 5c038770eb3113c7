"""The verdict on a training: its network beside the version in use on the same gold test set."""

import logging
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from django.conf import settings

from labeling.errors import ConflictError, LabelingError
from labeling.models import ModelVersion, TrainingRun
from labeling.selectors.classes import trained_labels
from labeling.selectors.versions import active_version
from labeling.services.training_results import Trained, finish_training
from ml.errors import MLError
from ml.vision.confidence.calibrate import class_thresholds
from ml.vision.errors import NothingToTest
from ml.vision.evaluate import metrics
from ml.vision.inputs.dataset import Example, Skipped, TrainingSet
from ml.vision.judging.gate import Decision, decide
from ml.vision.judging.judged import Judged, on_same_glitches
from ml.wanted import part
from workers.classifiers import load_classifier

if TYPE_CHECKING:
    from ml.vision.prediction.classifier import Classifier
    from ml.vision.training.train import TrainedModel

log = logging.getLogger(__name__)

JUDGED_MOST = 3
TIMING = {"activation_conflict", "shadow_under_way"}  # somebody was quicker by a moment


def judge_and_store(
    run: TrainingRun, model: "TrainedModel", training_set: TrainingSet
) -> ModelVersion | None:
    """Store what was trained, in use or kept out with the reason; nothing here loses a training.

    Where another version goes live meanwhile, it is judged again beside that one. None where the
    run was taken from this worker.
    """
    candidate = Candidate(model, training_set)
    for _ in range(JUDGED_MOST):
        trained = candidate.beside(active_version(ModelVersion.Role.CLASSIFIER))
        try:
            return finish_training(run, trained)
        except ConflictError as conflict:
            if conflict.code not in TIMING:
                raise
            log.warning("Training %s is judged again: %s", run.pk, conflict)
    reason = (
        f"Kept out: another version went live each of the {JUDGED_MOST} times that this one was "
        "judged; put it into use by hand."
    )
    return finish_training(run, replace(trained, goes_live=False, reason=reason))


@dataclass(frozen=True)
class Tested:
    """What a version says of the test glitches that it can read, and the others."""

    judged: Judged
    skipped: tuple[Skipped, ...]


class Candidate:
    """A trained network with what it says of the gold test set."""

    def __init__(self, model: "TrainedModel", training_set: TrainingSet) -> None:
        from ml.vision.prediction.classifier import Classifier

        self.model = model
        self.training_set = training_set
        classifier = Classifier.load(model.weights)
        with part(0, 1, of=3):
            self.tested = _tested(classifier, training_set.test)
        with part(1, 2, of=3):
            self.thresholds = _thresholds(classifier, training_set)

    def beside(self, active: ModelVersion | None) -> Trained:
        """Compared with the version in use on what both can read."""
        mine, decision, unread = self._compare(active)
        model = self.model
        figures = metrics(mine.probabilities, mine.labels, mine.classes) if len(mine) else {}
        figures |= {
            "best_epoch": model.best_epoch,
            "temperature": model.temperature,
            "seconds": model.seconds,
            "skipped": [asdict(skipped) for skipped in model.skipped],
            "untested": [asdict(skipped) for skipped in unread],
            "notes": list(model.notes),
            "counts": {name: len(rows) for name, rows in self.training_set.splits().items()},
            "compared_with": active.number if active else None,
            "checks": [check.to_dict() for check in decision.checks],
            "thresholds": self.thresholds,
        }
        return Trained(
            weights=str(Path(model.weights).relative_to(settings.MODELS_FOLDER)),
            weights_sha256=model.sha256,
            metrics=as_json(figures),
            goes_live=decision.goes_live,
            reason=decision.reason,
            compared_with=active.pk if active else None,
        )

    def _compare(self, active: ModelVersion | None) -> tuple[Judged, Decision, list[Skipped]]:
        """The candidate on the common test, the decision, and what is not in the common test."""
        mine, theirs, unread = self.tested.judged, None, list(self.tested.skipped)
        if active is not None:
            try:
                with part(2, 3, of=3):
                    beside = _tested_version(active, self.training_set.test)
            except (LabelingError, MLError) as error:
                return mine, _kept_out(f"{active} cannot be judged beside it: {error}"), unread
            known = {skipped.glitch_id for skipped in unread}
            unread += [skipped for skipped in beside.skipped if skipped.glitch_id not in known]
            mine, theirs = on_same_glitches(mine, beside.judged)
        try:
            return mine, decide(mine, theirs, trained_labels()), unread
        except NothingToTest:
            words = f"none of the {len(self.training_set.test)} gold test glitches can be read"
            by = f" by both it and {active}" if active else ""
            first = f": {unread[0].reason}" if unread else "."
            return mine, _kept_out(words + by + first), unread


def _kept_out(why: str) -> Decision:
    return Decision(goes_live=False, reason=f"Kept out: {why}")


def _tested_version(version: ModelVersion, examples: Sequence[Example]) -> Tested:
    return _tested(load_classifier(version), examples)


def _tested(classifier: "Classifier", examples: Sequence[Example]) -> Tested:
    scores = classifier.score([e.pictures for e in examples], settings.CACHE_FOLDER)
    labels = {e.pictures.glitch_id: e.label for e in examples}
    judged = Judged(
        classifier.classes,
        scores.probabilities,
        [labels[glitch_id] for glitch_id in scores.glitch_ids],
        scores.glitch_ids,
    )
    return Tested(judged, scores.skipped)


def _thresholds(classifier: "Classifier", training_set: TrainingSet) -> dict[str, float | None]:
    """From which confidence on each class can be trusted, measured on validation."""
    judged = _tested(classifier, training_set.validation).judged
    columns = [training_set.classes.index(label) for label in judged.labels]
    return class_thresholds(judged.probabilities, np.array(columns, int), training_set.classes)


def as_json(value: Any) -> Any:
    """The same with NaN, which JSON does not know, as None."""
    if isinstance(value, dict):
        return {key: as_json(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
