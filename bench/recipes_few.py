"""Few labels: the baseline and what the unlabeled pictures add (``bench.recipes --few-shot``)."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.preprocessing import StandardScaler

from ml.vision.dataset import GlitchPictures
from ml.vision.frozen import frozen_features
from ml.vision.settings import TrainingSettings
from ml.vision.transduce import UNLABELED, transduce

SHOTS = (1, 3, 10, 30)
Method = Callable[[npt.NDArray[np.float32], npt.NDArray[np.int64], int], npt.NDArray[Any]]


def baseline(
    features: npt.NDArray[np.float32], columns: npt.NDArray[np.int64], classes: int
) -> npt.NDArray[Any]:
    """Logistic regression, C = 0.1, on features standardised by the labeled ones."""
    labeled = columns != UNLABELED
    scaler = StandardScaler().fit(features[labeled])
    model = LogisticRegression(C=0.1, max_iter=500)
    model.fit(scaler.transform(features[labeled]), columns[labeled])
    return np.asarray(model.predict_proba(scaler.transform(features)))


METHODS: dict[str, Method] = {"logistic regression, C = 0.1": baseline, "transduce": transduce}


def few_shot(
    by_label: Mapping[str, list[GlitchPictures]], cache: Path, draws: int
) -> list[dict[str, Any]]:
    """Macro-F1 and accuracy on all the rest, mean and deviation over ``draws`` draws."""
    labels = sorted(by_label)
    glitches = [one for label in labels for one in by_label[label]]
    truth = np.repeat(np.arange(len(labels)), [len(by_label[label]) for label in labels])
    settings = TrainingSettings(durations=(4.0,), trainable_blocks=0)
    features = frozen_features(glitches, settings, cache).features
    rows = []
    for shots in SHOTS:
        figures: dict[str, list[tuple[float, float]]] = {name: [] for name in METHODS}
        for seed in range(draws):
            columns = draw_labels(truth, shots, seed)
            rest = columns == UNLABELED
            for name, method in METHODS.items():
                said = method(features, columns, len(labels))[rest].argmax(axis=1)
                f1 = f1_score(truth[rest], said, average="macro", labels=range(len(labels)))
                figures[name].append((float(f1), float((said == truth[rest]).mean())))
        for name, found in figures.items():
            f1s, accuracies = np.array(found).T
            rows.append(
                {
                    "method": name,
                    "labels_a_class": shots,
                    "draws": draws,
                    "macro_f1": float(f1s.mean()),
                    "macro_f1_deviation": float(f1s.std()),
                    "accuracy": float(accuracies.mean()),
                }
            )
    return rows


def draw_labels(truth: npt.NDArray[np.int64], shots: int, seed: int) -> npt.NDArray[np.int64]:
    """``truth`` where a label was drawn; of a class with few glitches at most half."""
    rng = np.random.default_rng(seed)
    columns = np.full(len(truth), UNLABELED, np.int64)
    for label in np.unique(truth):
        members = np.flatnonzero(truth == label)
        drawn = rng.choice(members, max(1, min(shots, len(members) // 2)), replace=False)
        columns[drawn] = label
    return columns
