"""Bahaadini et al. 2018: a small network from scratch that sees all durations side by side.

"Machine learning for Gravity Spy: glitch classification and dataset" (Information Sciences 444):
four convolutions of 5 x 5 (16, 32, 64, 64), each with ReLU, pooling and dropout, and one dense
layer of 256, on a mosaic of the four durations.
"""

from __future__ import annotations

from ml.vision.recipes.recipe import Recipe
from ml.vision.recipes.settings import TrainingSettings

MERGED_VIEW = Recipe(
    "Four-layer network from scratch on the 2 x 2 mosaic of durations",
    "Bahaadini et al. 2018 (Information Sciences 444), merged view",
    TrainingSettings(
        recipe="merged-view-cnn",
        backbone="merged-view",
        weights="random",
        durations=(0.5, 1.0, 2.0, 4.0),
        size=140,
        layout="mosaic",
        augmentation="none",
        copies=0,
        drop_durations=0.0,
        trainable_blocks="all",
        train_norms=True,  # it has none, but dropouts between its layers
        hidden=(256,),
        dropout=0.5,
        optimizer="adadelta",
        epsilon=1e-7,
        learning_rate=1.0,
        head_learning_rate=1.0,
        schedule="constant",
        weight_decay=1e-4,
        gradient_norm=0.0,
        label_smoothing=0.0,
        class_weights="none",
        probe_strength=0.0,
        epochs=130,
        minibatch=30,
        patience=20,
    ),
    (
        "The views are square, 140 x 140 each instead of 140 x 170.",
        "The last map is pooled to 8 x 8, so that any size of picture fits.",
    ),
)
