"""Backbones by name: a row of steps whose last blocks can be trained, with ImageNet weights.

"efficientnet-lite0" comes with its weights in a package. Any other name is looked up in
torchvision, then in timm ("timm:NAME" asks timm only); their weights are read from a folder of
state dicts (``NOTA_WEIGHTS``, files NAME.pth, NAME.pt or NAME.safetensors), else downloaded.
"""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from ml.vision.errors import BadSettings, DamagedWeights, MissingWeights
from ml.vision.networks import lite0, merged_view
from ml.vision.networks.families import ImageNetModel, find_model
from ml.vision.networks.scaling import AS_IT_IS, LITE0, Scaling
from ml.vision.networks.weights import impatient_with_hubs, weights_file, where_to_put
from ml.vision.recipes.backbone_names import DEFAULT_BACKBONE, MERGED_VIEW, unknown_backbone
from ml.vision.recipes.settings import TrainingSettings
from ml.vision.storage.store import hash_of

# What a truncated or foreign file makes of its reader, depending on where it ends.
DAMAGE = (
    OSError,
    RuntimeError,
    ValueError,
    EOFError,
    KeyError,
    pickle.UnpicklingError,
    SafetensorError,
)


@dataclass
class Backbone:
    """``steps``: (n, d, h, w) within 0 to 1, normalised by ``scaling``, through all steps.

    Each step gives (n, c, h, w), or (n, D) at the very end. ``closing_steps`` counts the steps
    after the last block (a head convolution): they are trained whenever a block is.
    """

    name: str
    steps: nn.Sequential
    closing_steps: int
    feature_size: int
    scaling: Scaling

    @property
    def blocks(self) -> int:
        return len(self.steps) - self.closing_steps


def pool(x: Tensor) -> Tensor:
    """(n, c, h, w) -> (n, c), mean over the picture; (n, c) stays as it is."""
    return x.mean(dim=(2, 3)) if x.ndim == 4 else x


def create_backbone(
    name: str,
    weights_folder: Path | None = None,
    *,
    channels: int = 3,
    side: int = 224,
    pretrained: bool = True,
) -> Backbone:
    """Build by name, in evaluation mode, for pictures (``channels``, ``side``, ``side``).

    ``weights_folder`` defaults to the environment's ``NOTA_WEIGHTS``. Without ``pretrained`` the
    weights are random, to be filled from a model version's file. Raises UnknownBackbone,
    MissingWeights, DamagedWeights; BadSettings for a network that takes no such pictures.
    """
    if name == DEFAULT_BACKBONE:
        backbone = Backbone(name, lite0.build_steps(), 1, lite0.FEATURES, LITE0)
        if pretrained:
            lite0.load_packaged_weights(backbone.steps)
        adapt_channels(backbone.steps, channels)
    elif name == MERGED_VIEW:
        steps = merged_view.build_steps()
        backbone = Backbone(name, steps, 1, merged_view.FEATURES, AS_IT_IS)
        adapt_channels(backbone.steps, channels)
    else:
        backbone = _other_backbone(name, weights_folder, channels, side, pretrained=pretrained)
    backbone.steps.eval()
    for parameter in backbone.steps.parameters():
        if parameter.ndim == 4:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
    return backbone


def lacks_weights(settings: TrainingSettings) -> str:
    """Why the ImageNet weights that a training needs cannot be had, in words; "" where they can."""
    if settings.weights != "imagenet":
        return ""
    try:
        create_backbone(settings.backbone, channels=settings.channels, side=settings.side)
    except MissingWeights as error:
        return str(error)
    return ""


def _other_backbone(
    name: str, weights_folder: Path | None, channels: int, side: int, *, pretrained: bool
) -> Backbone:
    found = find_model(name)
    if found is None:
        raise unknown_backbone(name)
    state = _weights(found, weights_folder) if pretrained else None
    if state is not None:
        _load(found, state)
    steps, closing = found.split()
    try:
        adapt_channels(steps, channels)
        size = _feature_size(steps, channels, side)
    except Exception as error:  # each network has its own words for what it cannot take
        raise BadSettings(
            f"The backbone {name!r} takes no pictures of {side} x {side} with {channels} channels "
            f"({error!r:.120}): choose another 'size' or 'backbone'.",
            key="size",
        ) from error
    return Backbone(name, steps, closing, size, found.scaling)


def _weights(found: ImageNetModel, weights_folder: Path | None) -> dict[str, Tensor]:
    path = weights_file(found.name, weights_folder)
    if path is not None:
        return read_state(path)
    try:
        with impatient_with_hubs():
            return found.download()
    except Exception as error:  # each hub raises its own kinds
        raise MissingWeights(
            f"No ImageNet weights for {found.name!r}, in a file or by download "
            f"({error!r:.120}). {where_to_put(found.name)}, allow random weights (setting "
            f"'weights': 'imagenet or random'), or use {DEFAULT_BACKBONE!r}, which needs none.",
            name=found.name,
        ) from error


def read_state(path: Path) -> dict[str, Tensor]:
    """A state dict from a file; raises :class:`DamagedWeights`."""
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        state: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    except DAMAGE as error:
        raise DamagedWeights(
            f"The file of weights {path} cannot be read ({type(error).__name__}); copy it anew.",
            path=str(path),
        ) from error
    if not isinstance(state, dict):
        raise DamagedWeights(
            f"The file of weights {path} holds no tensors by name, but a {type(state).__name__}; "
            "save the network's state_dict() there.",
            path=str(path),
        )
    return state


def _load(found: ImageNetModel, state: dict[str, Tensor]) -> None:
    """Load all but the classifier, which is replaced anyway."""
    wanted = found.network.state_dict()
    fitting = {
        key: state[key]
        for key, tensor in wanted.items()
        if getattr(state.get(key), "shape", None) == tensor.shape
    }
    missing = [key for key in wanted if key not in fitting and not found.is_spare(key)]
    if missing:
        raise DamagedWeights(
            f"The weights for {found.name!r} lack {len(missing)} tensors, or have them in another "
            f"shape, {missing[0]!r} first; they belong to another network.",
            name=found.name,
        )
    found.network.load_state_dict(fitting, strict=False)


def _feature_size(steps: nn.Sequential, channels: int, side: int) -> int:
    steps.eval()
    with torch.inference_mode():
        _, size = pool(steps(torch.zeros(1, channels, side, side))).shape
    return int(size)


def adapt_channels(steps: nn.Sequential, channels: int) -> None:
    """Let the first convolution, made for three channels, take ``channels``.

    One channel: the sum over the colours, as if the grey picture were repeated thrice. Others: the
    colours' filters in turn, scaled so that the sum over channels stays what it was.
    """
    if channels == 3:
        return
    first = next(module for module in steps.modules() if isinstance(module, nn.Conv2d))
    weight = first.weight.detach()  # (o, 3, k, k)
    if channels == 1:
        adapted = weight.sum(dim=1, keepdim=True)
    else:
        adapted = weight[:, [channel % 3 for channel in range(channels)]] * (3 / channels)
    first.weight = nn.Parameter(adapted)
    first.in_channels = channels


def digest_of(module: nn.Module) -> str:
    """Hash of a module's state: equal modules give equal outputs."""
    return hash_of(
        [
            (key, tensor.detach().cpu().contiguous().numpy().tobytes())
            for key, tensor in module.state_dict().items()
        ]
    )
