"""The papers' future work: the average of several model versions."""

from __future__ import annotations

from ml.vision.recipes.recipe import Recipe
from ml.vision.recipes.settings import TrainingSettings

ENSEMBLE = Recipe(
    "The average of any model versions",
    "named as future work by George et al. 2018",
    TrainingSettings(recipe="ensemble"),
    (
        "Name the versions in the setting 'members'; a version that does not know a class leaves "
        "the say on it to those that do.",
        "A glitch that some versions cannot read, for want of a duration that they look at, is "
        "averaged over those that can.",
    ),
    is_ensemble=True,
)
