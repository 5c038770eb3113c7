"""Recipes by name: the source papers' and our own, each one settings object. No torch.

>>> settings_for("george-vgg16", {"epochs": 2}).optimizer
'adagrad'
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from ml.vision.errors import BadSettings, UnknownRecipe
from ml.vision.recipes import ensemble, george, logistic, merged_view, nota, spartificial
from ml.vision.recipes.backbone_names import check_backbone
from ml.vision.recipes.recipe import Recipe
from ml.vision.recipes.settings import TrainingSettings
from ml.vision.recipes.use import check_use

__all__ = [
    "AUTOMATIC",
    "DEFAULT_RECIPE",
    "RECIPES",
    "Recipe",
    "automatic",
    "find_recipe",
    "settings_for",
]

RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        nota.NOTA_CPU,
        nota.NOTA_FEW,
        nota.NOTA,
        logistic.LOGISTIC,
        *george.RECIPES,
        spartificial.RESNET50,
        merged_view.MERGED_VIEW,
        ensemble.ENSEMBLE,
    )
}
DEFAULT_RECIPE = nota.NOTA_CPU.name
AUTOMATIC = "auto"  # ours, whichever suits the machine that trains and the weights it has


def automatic(*, has_gpu: bool) -> str:
    """The name of the recipe that "auto" means on a machine with or without a GPU."""
    return nota.NOTA.name if has_gpu else nota.NOTA_CPU.name


def find_recipe(name: str) -> Recipe:
    """Raises :class:`UnknownRecipe` naming the near ones."""
    if name not in RECIPES:
        near = difflib.get_close_matches(name, RECIPES, n=3)
        hint = f"did you mean {', '.join(near)}?" if near else f"known are {', '.join(RECIPES)}."
        raise UnknownRecipe(f"There is no recipe {name!r}; {hint}", name=name)
    return RECIPES[name]


def settings_for(name: str, changes: Mapping[str, Any] | None = None) -> TrainingSettings:
    """The recipe's settings with some changed; raises what is wrong with them.

    UnknownRecipe, BadSettings, UnknownBackbone.
    """
    recipe, changes = find_recipe(name), changes or {}
    if changes.get("recipe", name) != name:
        raise BadSettings(
            "'recipe' is no setting of a recipe: ask for a training by the other one instead.",
            key="recipe",
        )
    settings = TrainingSettings.from_dict(recipe.settings.to_dict() | dict(changes))
    check_use(settings, recipe)
    check_backbone(settings.backbone)
    return settings
