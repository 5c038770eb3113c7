"""How a network was shown its pictures when its weights were trained."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import fmean

Colours = tuple[float, float, float]


@dataclass(frozen=True)
class Scaling:
    """A picture within 0 to 1 is shown as (x - ``mean``) / ``std``, by red, green and blue."""

    mean: Colours
    std: Colours

    @property
    def of_grey(self) -> tuple[float, float]:
        """Mean and deviation for pictures without colours."""
        return fmean(self.mean), fmean(self.std)


IMAGENET = Scaling((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
HALF = Scaling((0.5,) * 3, (0.5,) * 3)  # to -1 ... 1
AS_IT_IS = Scaling((0.0,) * 3, (1.0,) * 3)
LITE0 = Scaling((127 / 255,) * 3, (128 / 255,) * 3)  # (x - 127) / 128 in its package's words
