"""Spartificial report 2023: ResNet50, its last block unfrozen, with two dense layers on top."""

from __future__ import annotations

from ml.vision.recipes.recipe import Recipe
from ml.vision.recipes.settings import TrainingSettings

RESNET50 = Recipe(
    "ResNet50, last block and a dense head of 256 and 128",
    "Spartificial report 2023, fine-tuned ResNet50",
    TrainingSettings(
        recipe="spartificial-resnet50",
        backbone="resnet50",
        durations=(4.0,),
        size=224,
        colours="viridis",
        normalisation="sample",
        augmentation="shift and zoom",
        copies=4,
        drop_durations=0.0,
        trainable_blocks=3,  # the last stage, conv5_x, has three
        hidden=(256, 128),
        hidden_norms=True,
        dropout=0.5,
        optimizer="rmsprop",
        learning_rate=1e-4,
        head_learning_rate=1e-3,
        schedule="plateau",
        weight_decay=0.0,
        gradient_norm=0.0,
        label_smoothing=0.0,
        class_weights="balanced",
        probe_strength=0.0,
        epochs=50,
        patience=8,
    ),
    (
        "The report mixes the durations, each picture an example of its own: here a glitch is one "
        "example and its 4.0 s picture is shown, so that no glitch is on both sides of a split.",
        "Learning rates, RMSprop's decay (.99 here), rate of dropout, minibatch and the kind of "
        "augmentation are not given.",
        "The last block is taken as the last stage (three residual blocks). Its batch norms keep "
        "ImageNet's statistics, of which the report does not speak; the setting 'train_norms' lets "
        "them learn.",
        "The report draws its augmentation anew in every minibatch: here four changed copies of "
        "each picture are made once, so that what the frozen stages make of them can be kept.",
    ),
)
