"""From a glitch's views to the picture that a backbone sees: layout, colours, normalisation."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ml.viridis import VIRIDIS
from ml.vision.networks.backbones import Backbone
from ml.vision.networks.scaling import AS_IT_IS, IMAGENET, LITE0, Scaling
from ml.vision.recipes.rules import ATTENTION, MOSAIC
from ml.vision.recipes.rules import VIRIDIS as IN_COLOUR
from ml.vision.recipes.settings import TrainingSettings

# Those that files of weights have never carried, and that keys of cached activations do not know.
UNWRITTEN = (AS_IT_IS, IMAGENET, LITE0)
FLAT = 1e-3  # a deviation below which a picture has no content to be scaled by


class Preparation(nn.Module):
    """(n, d, h, w) within 0 to 1 -> what the backbone sees.

    (n, d, h, w) with the durations as channels, (n, 3, h, w) in colours, (n, 1, 2h, 2w) as a
    mosaic; with attention (n * d, 1 or 3, h, w), each duration a picture of its own.
    """

    mean: Tensor
    std: Tensor
    colour_map: Tensor

    def __init__(self, backbone: Backbone, settings: TrainingSettings) -> None:
        super().__init__()
        self.layout = settings.layout
        self.in_colour = settings.colours == IN_COLOUR
        self.normalisation = settings.normalisation
        self.is_written = backbone.scaling not in UNWRITTEN
        for name, tensor in self._buffers_of(backbone.scaling).items():
            self.register_buffer(name, tensor, persistent=self.is_written)
        colour_map = torch.from_numpy(VIRIDIS.copy()).float() / 255  # (256, 3)
        self.register_buffer("colour_map", colour_map, persistent=False)
        if self.normalisation == "training mean":
            shape = (settings.channels, settings.side, settings.side)
            self.register_buffer("mean_picture", torch.zeros(shape))

    def _buffers_of(self, scaling: Scaling) -> dict[str, Tensor]:
        """Mean and deviation (1, 3 or 1, 1, 1)."""
        mean, std = scaling.of_grey
        rows = (scaling.mean, scaling.std) if self.in_colour else ((mean,), (std,))
        shaped = (torch.tensor(values).view(1, -1, 1, 1) for values in rows)
        return dict(zip(("mean", "std"), shaped, strict=True))

    def unwritten(self) -> dict[str, Tensor]:
        """What a file of before every network had its own scaling lacks: all had ImageNet's."""
        return self._buffers_of(IMAGENET) if self.is_written else {}

    def forward(self, x: Tensor) -> Tensor:
        x = self.arrange(x)
        if self.normalisation == "sample":
            mean = x.mean(dim=(1, 2, 3), keepdim=True)  # (n, 1, 1, 1)
            return (x - mean) / x.std(dim=(1, 2, 3), keepdim=True).clamp(min=FLAT)
        if self.normalisation == "training mean":
            return (x - self.get_buffer("mean_picture")) / self.std
        return (x - self.mean) / self.std

    def arrange(self, x: Tensor) -> Tensor:
        """Layout and colours alone, values still within 0 to 1."""
        if self.layout == MOSAIC:  # shortest over second, and on the right third over longest
            left, right = torch.cat([x[:, 0], x[:, 1]], dim=1), torch.cat([x[:, 2], x[:, 3]], dim=1)
            x = torch.cat([left, right], dim=2)[:, None]  # (n, 1, 2h, 2w)
        elif self.layout == ATTENTION:
            x = x.flatten(0, 1)[:, None]  # (n * d, 1, h, w)
        if self.in_colour:
            x = self.colour_map[(x[:, 0] * 255).round().long()].permute(0, 3, 1, 2)
        return x
