"""Settings that would change nothing, told before anybody waits for what they do.

Apart from the checks of :class:`TrainingSettings`, so that versions that were trained so can still
be loaded.
"""

from __future__ import annotations

from ml.vision.errors import BadSettings
from ml.vision.recipes.recipe import Recipe
from ml.vision.recipes.rules import ALL
from ml.vision.recipes.settings import TrainingSettings

OF_ENSEMBLES = ("members", "split", "seed")
OF_STEPS = (
    "optimizer",
    "epsilon",
    "learning_rate",
    "head_learning_rate",
    "schedule",
    "warmup",
    "weight_decay",
    "gradient_norm",
    "ema",
    "patience",
)


def check_use(settings: TrainingSettings, recipe: Recipe) -> None:
    """Raise :class:`BadSettings` for a setting that differs from the recipe's to no effect."""
    for key, value in vars(settings).items():
        idle = value != getattr(recipe.settings, key) and _why_idle(key, settings, recipe)
        if idle:
            raise BadSettings(f"The training setting {key!r} = {value!r} {idle}.", key=key)


def _why_idle(key: str, settings: TrainingSettings, recipe: Recipe) -> str:
    """Why a setting changes nothing beside the others; "" where it does."""
    if recipe.is_ensemble:
        known = ", ".join(map(repr, OF_ENSEMBLES))
        return "" if key in OF_ENSEMBLES else f"is not for an ensemble, which has {known} alone"
    if key == "members":
        return "is for an ensemble alone"
    if key in OF_STEPS and not settings.epochs:
        return "is for steps of learning, and needs 'epochs'"
    if key == "test_copies" and settings.trainable_blocks != ALL:
        return "is for networks without a frozen part, and needs 'trainable_blocks': 'all'"
    if key == "test_copies" and settings.augmentation == "none":
        return "averages over changed copies, and needs an 'augmentation' that changes them"
    return ""
