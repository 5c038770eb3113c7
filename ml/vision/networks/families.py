"""Networks of torchvision and timm, taken apart into steps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from ml.vision.networks.scaling import HALF, Scaling
from ml.vision.networks.torchvision_door import import_timm, import_torchvision
from ml.vision.recipes.backbone_names import TIMM_PREFIX

# Parts of a network that come after its features or help its training only
CLASSIFIERS = ("fc", "classifier", "head", "heads")
SPARE_PARTS = ("AuxLogits.", "aux1.", "aux2.", "num_batches_tracked")


@dataclass
class ImageNetModel:
    """A whole network as its library builds it, with random weights, and the way to its own.

    ``scaling``: of the pictures that its own weights were trained on.
    """

    name: str
    network: nn.Module
    scaling: Scaling
    download: Callable[[], dict[str, Tensor]]

    def is_spare(self, key: str) -> bool:
        """Whether the features do without this entry of the state dict."""
        parts = tuple(f"{name}." for name in CLASSIFIERS)
        return key.startswith(parts) or any(part in key for part in SPARE_PARTS)

    def split(self) -> tuple[nn.Sequential, int]:
        """The steps, and how many of them come after the last block.

        Networks of an unknown build become one step: all of it is trained, or nothing.
        """
        for take_apart in (_resnet, _timm_efficientnet, _features, _inception):
            parts = take_apart(self.network)
            if parts is not None:
                return parts
        return nn.Sequential(WholeNetwork(self.network)), 0


def find_model(name: str) -> ImageNetModel | None:
    """The network of this name; None where neither library has one."""
    models = import_torchvision()
    if name in models.list_models(module=models):
        return _from_torchvision(name)
    timm_name = name.removeprefix(TIMM_PREFIX)
    return _from_timm(timm_name) if import_timm().is_model(timm_name) else None


def names_in_libraries() -> list[str]:
    """All names that there are, timm's as "timm:NAME"."""
    models, timm = import_torchvision(), import_timm()
    of_timm = {f"{TIMM_PREFIX}{name}" for name in timm.list_models()}
    return sorted({*models.list_models(module=models), *of_timm})


def _from_torchvision(name: str) -> ImageNetModel:
    models = import_torchvision()
    weights = models.get_model_weights(name)["DEFAULT"]
    # Initial weights are slow to draw for these two, and are overwritten anyway.
    options = {"transform_input": False, "init_weights": False}
    special = name in ("inception_v3", "googlenet")
    network: nn.Module = models.get_model(name, weights=None, **(options if special else {}))
    # With these weights torchvision's own forward, of which only the steps are taken here, turns
    # ImageNet's scaling into this one (transform_input).
    shown = weights.transforms()
    scaling = HALF if special else _scaling(shown.mean, shown.std)
    if type(network).__name__ == "VGG":  # its two dense layers stay: only the last is replaced
        network.classifier = nn.Sequential(
            *list(network.get_submodule("classifier").children())[:-1]
        )
        return _with_download(name, network, weights, scaling)
    for part in CLASSIFIERS:
        if isinstance(getattr(network, part, None), nn.Module):
            setattr(network, part, nn.Identity())
    return _with_download(name, network, weights, scaling)


def _scaling(mean: Sequence[float], std: Sequence[float]) -> Scaling:
    return Scaling((mean[0], mean[1], mean[2]), (std[0], std[1], std[2]))


def _with_download(name: str, network: nn.Module, weights: Any, scaling: Scaling) -> ImageNetModel:
    def download() -> dict[str, Tensor]:
        state: dict[str, Tensor] = weights.get_state_dict(progress=False, check_hash=True)
        return state

    return ImageNetModel(name, network, scaling, download)


def _from_timm(name: str) -> ImageNetModel:
    timm = import_timm()
    network: nn.Module = timm.create_model(name, pretrained=False, num_classes=0)

    def download() -> dict[str, Tensor]:
        trained: nn.Module = timm.create_model(name, pretrained=True, num_classes=0)
        return trained.state_dict()

    own: Any = network.pretrained_cfg
    return ImageNetModel(name, network, _scaling(own["mean"], own["std"]), download)


class WholeNetwork(nn.Module):
    """(n, 3, h, w) -> (n, D): a network without its classifier, as one step."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        features: Tensor = self.network(x)
        return features


Parts = tuple[nn.Sequential, int] | None


def _resnet(network: nn.Module) -> Parts:
    """ResNet and its kin, of both libraries: stem, then the blocks of four layers."""
    wanted = ("conv1", "layer1", "layer2", "layer3", "layer4")
    if not all(hasattr(network, name) for name in wanted):
        return None
    stem = [
        module
        for name, module in network.named_children()
        if name in ("conv1", "bn1", "relu", "act1", "maxpool")
    ]
    blocks = [
        block for number in (1, 2, 3, 4) for block in getattr(network, f"layer{number}").children()
    ]
    return nn.Sequential(nn.Sequential(*stem), *blocks), 0


def _timm_efficientnet(network: nn.Module) -> Parts:
    """EfficientNet and MobileNet of timm: stem, blocks, head convolution."""
    names = ("conv_stem", "bn1", "blocks", "conv_head", "bn2")
    if not all(isinstance(getattr(network, name, None), nn.Module) for name in names):
        return None
    stem, norm, stages, head, head_norm = (getattr(network, name) for name in names)
    blocks = [block for stage in stages.children() for block in stage.children()]
    return nn.Sequential(nn.Sequential(stem, norm), *blocks, nn.Sequential(head, head_norm)), 1


def _features(network: nn.Module) -> Parts:
    """torchvision's networks that keep all in ``features`` as (n, c, h, w)."""
    features = getattr(network, "features", None)
    if not isinstance(features, nn.Sequential):
        return None
    family = type(network).__name__
    if family == "VGG":
        return _vgg(network, features), 0
    if family == "DenseNet":
        return nn.Sequential(*features.children(), nn.ReLU()), 2
    if family in ("MobileNetV2", "MobileNetV3", "EfficientNet"):
        return nn.Sequential(*features.children()), 1
    if family in ("ConvNeXt", "SqueezeNet"):
        return nn.Sequential(*features.children()), 0
    return None


def _vgg(network: nn.Module, features: nn.Sequential) -> nn.Sequential:
    """One step a block of convolutions, each ending in its pooling; then the two dense layers."""
    steps: list[nn.Module] = []
    block: list[nn.Module] = []
    for layer in features.children():
        block.append(layer)
        if isinstance(layer, nn.MaxPool2d):
            steps.append(nn.Sequential(*block))
            block = []
    dense = nn.Sequential(
        network.get_submodule("avgpool"), nn.Flatten(), network.get_submodule("classifier")
    )
    return nn.Sequential(*steps, dense)


def _inception(network: nn.Module) -> Parts:
    """Inception v3 and GoogLeNet of torchvision, whose children run as they are listed."""
    if type(network).__name__ not in ("Inception3", "GoogLeNet"):
        return None
    left_out = ("AuxLogits", "aux1", "aux2", "avgpool", "dropout", "fc")
    steps = [module for name, module in network.named_children() if name not in left_out]
    return nn.Sequential(*steps), 0
