"""Reads of the site's recipe, and of the settings that runs by a recipe have."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings as django_settings

from ml.vision.recipes import AUTOMATIC, automatic, find_recipe, settings_for
from ml.vision.recipes.use import of_use


def site_recipe() -> str:
    """The recipe of trainings that name none: the setting ``NOTA_RECIPE``."""
    return str(django_settings.TRAINING_RECIPE) or AUTOMATIC


def random_weights_for(recipe: str) -> dict[str, Any]:
    """The change by which a training (by the site's recipe where it is "") starts from random
    weights where ImageNet's are missing; none for an ensemble, which starts from none.

    Raises UnknownRecipe.
    """
    recipe, change = recipe or site_recipe(), {"weights": "imagenet or random"}
    return change if recipe == AUTOMATIC else of_use(change, find_recipe(recipe))


def settings_as_stored(recipe: str, changes: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The settings that a run may have that was asked for so; the first as it is asked for.

    By "auto" it has the changes alone until a worker chooses. Raises MLError for an unknown recipe
    or settings that make no sense, by "auto" of either choice.
    """
    if recipe != AUTOMATIC:
        return [settings_for(recipe, changes).to_dict()]
    names = [automatic(has_gpu=has_gpu) for has_gpu in (True, False)]
    chosen = [settings_for(name, changes).to_dict() for name in names]
    return [{**changes, "recipe": AUTOMATIC}, *chosen]
