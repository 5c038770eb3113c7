"""Settings that would change nothing, told before anybody waits for what they do.

Apart from the checks of :class:`TrainingSettings`, so that versions that were trained so can still
be loaded.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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
    """Raise :class:`BadSettings` for a setting that differs from the recipe's to no effect, and for
    settings by which nothing would be learned."""
    values = vars(settings)
    if not recipe.is_ensemble:
        _check_learning(settings)
    for key, value in values.items():
        idle = value != getattr(recipe.settings, key) and _why_idle(key, values, recipe)
        if idle:
            raise BadSettings(f"The training setting {key!r} = {value!r} {idle}.", key=key)


def _check_learning(settings: TrainingSettings) -> None:
    if not settings.epochs and not settings.probe_strength:
        raise BadSettings(
            f"The training setting 'epochs' = {settings.epochs!r} learns nothing: it needs an "
            "epoch, or a linear head on ImageNet's features ('probe_strength').",
            key="epochs",
        )


def of_use(
    changes: Mapping[str, Any], recipe: Recipe, beside: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Those of the ``changes`` of whatever is trained that change something for this recipe.

    ``beside``: changes meant for this recipe alone, which decide on the use of the others. What is
    no setting at all stays in, to be refused.
    """
    own = vars(recipe.settings)
    values = {**own, **changes, **(beside or {})}
    return {
        key: value
        for key, value in changes.items()
        if key not in own or not _why_idle(key, values, recipe)
    }


def _why_idle(key: str, values: Mapping[str, Any], recipe: Recipe) -> str:
    """Why a setting changes nothing beside the others; "" where it does."""
    if recipe.is_ensemble:
        known = ", ".join(map(repr, OF_ENSEMBLES))
        return "" if key in OF_ENSEMBLES else f"is not for an ensemble, which has {known} alone"
    if key == "members":
        return "is for an ensemble alone"
    if key in OF_STEPS and not values["epochs"]:
        return "is for steps of learning, and needs 'epochs'"
    if key == "weights" and values["weights"] == "random" and values["trainable_blocks"] == 0:
        return "needs 'trainable_blocks', for frozen random features tell nothing"
    if key == "test_copies" and values["trainable_blocks"] != ALL:
        return "is for networks without a frozen part, and needs 'trainable_blocks': 'all'"
    if key == "test_copies" and values["augmentation"] == "none":
        return "averages over changed copies, and needs an 'augmentation' that changes them"
    return ""
