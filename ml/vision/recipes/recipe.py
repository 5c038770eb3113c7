"""What a recipe is: a name, where it comes from, and one settings object."""

from __future__ import annotations

from dataclasses import dataclass

from ml.vision.recipes.settings import TrainingSettings


@dataclass(frozen=True)
class Recipe:
    """``title``: one line for people; ``source``: paper or report; ``remarks``: what it leaves open
    or does otherwise than its source, and why.

    ``is_ensemble``: nothing is trained, the ``members`` of the settings are averaged.
    """

    title: str
    source: str
    settings: TrainingSettings
    remarks: tuple[str, ...] = ()
    is_ensemble: bool = False

    @property
    def name(self) -> str:
        return self.settings.recipe
