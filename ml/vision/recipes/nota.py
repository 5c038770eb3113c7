"""Our own: ``nota`` where there is a GPU, its little brother ``nota-cpu`` where there is none."""

from __future__ import annotations

from dataclasses import replace

from ml.vision.recipes.recipe import Recipe
from ml.vision.recipes.settings import TrainingSettings

# Chosen on the validation glitches of one simulated set (docs/classifier.md). Learning ten blocks
# instead of three, for all twelve epochs, is what gained most; the running mean makes an epoch less
# of a lottery, and epoch 0, the linear head alone, stays in the choice.
LITE0 = TrainingSettings(
    recipe="nota-cpu",
    trainable_blocks=10,
    copies=2,
    warmup=1,
    ema=0.98,
    minibatch=16,
    learning_rate=3e-4,
    head_learning_rate=1e-4,
    epochs=12,
    patience=5,
)
NOTA_CPU = Recipe(
    "EfficientNet-Lite0, its last ten blocks tuned (the default)",
    "Nota; starts from a linear head as in Kumar et al. 2022",
    LITE0,
)
NOTA_FEW = Recipe(
    "nota-cpu where labels are few: learns from 2,000 unlabeled glitches besides",
    "Nota; label spreading (Zhou et al. 2004) and pseudo-labels",
    replace(LITE0, recipe="nota-few", unlabeled=2000),
    ("For a handful of labels a class; with thirty or more it gains little.",),
)
NOTA = Recipe(
    "ConvNeXt with attention over the four durations (for a GPU)",
    "Nota; attention as in Ilse et al. 2018 and Wu et al. 2024",
    TrainingSettings(
        recipe="nota",
        backbone="convnext_tiny",
        durations=(0.5, 1.0, 2.0, 4.0),
        layout="attention",
        trainable_blocks="all",
        copies=1,
        drop_durations=0.3,
        label_smoothing=0.1,
        soft_targets=True,
        sampling="balanced",
        class_weights="none",  # balanced by drawing already
        ema=0.999,
        optimizer="adamw",
        learning_rate=1e-4,
        head_learning_rate=1e-3,
        schedule="cosine",
        warmup=2,
        weight_decay=0.05,
        probe_strength=0.0,
        minibatch=64,
        epochs=30,
        patience=8,
    ),
    ("'test_copies' averages a prediction over changed copies of the pictures; off by default.",),
)
