"""Classifiers as workers load them: none but the very file that was stored."""

from typing import TYPE_CHECKING

from django.conf import settings

from labeling.models import ModelVersion
from labeling.services.weights import check_weights

if TYPE_CHECKING:
    from ml.vision.prediction.classifier import Classifier


def load_classifier(version: ModelVersion, device: str = "auto") -> "Classifier":
    """Raises ConflictError ``missing_weights``, ``damaged_weights``; MLError where the file is of
    another layout."""
    from ml.vision.prediction.classifier import Classifier

    check_weights(version)
    return Classifier.load(settings.MODELS_FOLDER / version.weights, device)
