"""Logistic regression on frozen ImageNet features: the baseline of George et al., over 95 %."""

from __future__ import annotations

from ml.vision.recipes.recipe import Recipe
from ml.vision.recipes.settings import TrainingSettings

LOGISTIC = Recipe(
    "Logistic regression on the features of a frozen backbone",
    "George, Shen and Huerta 2018, the baseline",
    TrainingSettings(
        recipe="logistic-features",
        durations=(1.0, 2.0, 4.0),
        trainable_blocks=0,
        epochs=0,
        copies=0,
        drop_durations=0.0,
        label_smoothing=0.0,
        dropout=0.0,
        class_weights="none",
        probe_strength=0.1,
    ),
    (
        "The backbone is EfficientNet-Lite0, whose weights come in a package; name any other with "
        "the setting 'backbone'.",
    ),
)
