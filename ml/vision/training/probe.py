"""A linear classifier on fixed features: where fine-tuning starts, and the baseline to beat.

Kumar et al. 2022 ("Fine-tuning can distort pretrained features"): with few labels, first fitting
the last layer alone and only then the blocks below keeps more of what ImageNet taught.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from sklearn.linear_model import LogisticRegression

from ml.vision.inputs.activations import InputMaker
from ml.vision.inputs.views import LONGEST_ONLY
from ml.vision.logits import predict_logits
from ml.vision.networks.network import GlitchNetwork
from ml.vision.recipes.settings import TrainingSettings
from ml.vision.training.draws import Labeled
from ml.wanted import part

Floats = npt.NDArray[np.floating]


def balanced_weights(columns: npt.NDArray[np.integer], classes: int) -> npt.NDArray[np.float64]:
    """(n,) weights with which every class counts the same, mean 1."""
    counts = np.bincount(columns, minlength=classes).astype(np.float64)
    weights = (len(columns) / (classes * np.maximum(counts, 1)))[columns]
    return np.asarray(weights / weights.mean())


def fit_probe(
    features: Floats,
    columns: npt.NDArray[np.integer],
    weights: Floats,
    classes: int,
    strength: float,
    seed: int,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Logistic regression with inverse regularisation ``strength`` on standardised features.

    ``features`` (n, D), ``columns`` (n,) true classes, every class present. Returns the weight
    (classes, D) and bias (classes,) for features as they are, not standardised.
    """
    mean, spread = features.mean(axis=0), features.std(axis=0) + 1e-3
    model = LogisticRegression(C=strength, max_iter=200, tol=1e-3, random_state=seed)
    model.fit((features - mean) / spread, columns, sample_weight=weights)
    coefficients, intercepts = model.coef_, model.intercept_
    if classes == 2:  # scikit-learn then gives the difference of the two rows only
        coefficients = np.concatenate([-coefficients, coefficients]) / 2
        intercepts = np.concatenate([-intercepts, intercepts]) / 2
    weight = coefficients / spread
    return weight, intercepts - weight @ mean


def weigh_classes(train: Labeled, settings: TrainingSettings, classes: int) -> None:
    """Let every class count the same, where the settings say so."""
    if settings.class_weights == "balanced":
        train.weights[:] *= balanced_weights(train.columns, classes)


def warm_up(
    network: GlitchNetwork, maker: InputMaker, train: Labeled, settings: TrainingSettings
) -> None:
    """Fit the classifier alone, on all variants and copies of every training glitch, by its weight.

    Without the variant of the longest picture only where no training glitch is ever shown so.
    """
    if not settings.probe_strength:
        return
    variants = [
        variant
        for variant in range(len(train.arrays[0]))
        if variant != LONGEST_ONLY or settings.drop_durations
    ]
    seen = []
    for done, variant in enumerate(variants):
        with part(done, done + 1, of=len(variants)):
            seen.append(predict_logits(network, maker, train.arrays, variant)[1])
    features = np.concatenate(seen)
    weight, bias = fit_probe(
        features,
        np.tile(train.columns, len(variants)),
        np.tile(train.weights, len(variants)) / len(variants),
        network.classifier.out_features,
        settings.probe_strength,
        settings.seed,
    )
    with torch.no_grad():
        network.classifier.weight.copy_(torch.from_numpy(weight))
        network.classifier.bias.copy_(torch.from_numpy(bias))
