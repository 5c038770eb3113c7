"""What Django looks at when a command or a worker starts: a wrong setting stops it there."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error

from ml.errors import MLError
from ml.vision.recipes import AUTOMATIC, find_recipe


def check_recipe(**_: Any) -> list[CheckMessage]:
    """``NOTA_RECIPE`` names a recipe that a training can start by without further settings."""
    name = settings.TRAINING_RECIPE
    if name in ("", AUTOMATIC):
        return []
    try:
        recipe = find_recipe(name)
    except MLError as error:
        return [Error(f"NOTA_RECIPE: {error}", id="labeling.E001")]
    if recipe.is_ensemble:
        message = f"NOTA_RECIPE: {name!r} needs to be told its members each time."
        hint = "Choose another, or leave it out."
        return [Error(message, hint=hint, id="labeling.E002")]
    return []
