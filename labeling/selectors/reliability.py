"""How far a model version's confidence can be believed: bins of confidence against accuracy."""

from dataclasses import dataclass

import numpy as np

from labeling.models import GoldLabel, ModelVersion, Prediction
from ml.vision.judging.bins import bin_of


@dataclass(frozen=True)
class Bin:
    """Predictions of similar confidence: their mean confidence, the share right, how many."""

    confidence: float
    accuracy: float
    count: int


def reliability(version: ModelVersion) -> list[Bin]:
    """The version's predictions on gold that no training has seen, in the bins of its ECE.

    Empty where the version has predicted none of it.
    """
    # A glitch has one gold label at most, so the join adds no rows.
    rows = list(
        Prediction.objects.filter(
            model_version=version, glitch__gold_labels__split=GoldLabel.Split.TEST
        ).values_list("confidence", "top_class", "glitch__gold_labels__glitch_class")
    )
    confidence = np.array([row[0] for row in rows])
    right = np.array([row[1] == row[2] for row in rows])
    place = bin_of(confidence)
    return [
        Bin(float(confidence[inside].mean()), float(right[inside].mean()), int(inside.sum()))
        for inside in (place == index for index in np.unique(place))
    ]
