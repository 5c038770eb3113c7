"""What Django looks at when a command or a worker starts: a wrong setting stops it there."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error

from ml.errors import MLError
from ml.vision.recipes import AUTOMATIC, find_recipe

DAYS_MOST, SECONDS_MOST = 36_500, 31_536_000
# Each number of the environment by which trainings begin, wait, are tried and kept: least and most.
RANGES: dict[str, tuple[float, float]] = {
    "RUN_LEASE_SECONDS": (1, SECONDS_MOST),
    "KEEP_FAILED_DAYS": (0, DAYS_MOST),
    "LOW_CONFIDENCE": (0, 1),
    "SHADOW_GLITCHES": (0, 1_000_000),
    "SHADOW_DAYS": (0, DAYS_MOST),
    "SHADOW_DISAGREEMENT": (0, 1),
    "RETRAIN_LABELS": (0, 1_000_000_000),
    "RETRAIN_SHARE": (0, 1_000),
    "RETRAIN_DAYS": (0, DAYS_MOST),
    "RETRAIN_WAIT_SECONDS": (0, SECONDS_MOST),
}


def check_numbers(**_: Any) -> list[CheckMessage]:
    """Each of ``RANGES`` is within its own."""
    return [
        Error(
            f"NOTA_{name} is {getattr(settings, name):g}; it must be a number from {low:,} to "
            f"{most:,}.",
            id="labeling.E003",
        )
        for name, (low, most) in RANGES.items()
        if not low <= getattr(settings, name) <= most  # so it is with NaN
    ]


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
