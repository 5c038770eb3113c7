"""The classifying network: a frozen part, a trainable tail, and a linear classifier."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ml.vision import lite0
from ml.vision.backbones import DEFAULT_BACKBONE, Backbone, create_backbone, digest_of, pool
from ml.vision.settings import ALL, TrainingSettings


def frozen_steps(backbone: Backbone, trainable_blocks: int | str) -> int:
    """How many of the backbone's steps stay as they are: all of them for 0 trainable blocks."""
    if trainable_blocks == ALL:
        return 0
    if trainable_blocks == 0:
        return len(backbone.steps)
    return max(0, backbone.blocks - int(trainable_blocks))


class FrozenPart(nn.Module):
    """Normalisation and the steps that never learn.

    (n, d, h, w) within 0 to 1 -> (n, c, h', w') at the boundary, or (n, D) pooled if every step is
    frozen. With no frozen step it only normalises, and nothing is worth caching but the views.
    """

    def __init__(self, backbone: Backbone, count: int) -> None:
        super().__init__()
        self.mean, self.std = backbone.mean, backbone.std
        self.steps = nn.Sequential(*list(backbone.steps)[:count])
        self.is_empty = count == 0
        self.is_whole = count == len(backbone.steps)
        if backbone.name == DEFAULT_BACKBONE:
            lite0.fold_batch_norms(self.steps)
        self.requires_grad_(False)

    def digest(self) -> str:
        """Equal digests give equal activations."""
        return digest_of(self)

    def forward(self, x: Tensor) -> Tensor:
        x = self.steps((x - self.mean) / self.std)
        return pool(x) if self.is_whole else x


class GlitchNetwork(nn.Module):
    """``frozen`` -> ``tail`` -> pooled features (n, D) -> dropout -> ``classifier`` (n, C)."""

    def __init__(self, backbone: Backbone, settings: TrainingSettings, classes: int) -> None:
        super().__init__()
        count = frozen_steps(backbone, settings.trainable_blocks)
        self.frozen = FrozenPart(backbone, count)
        self.tail = nn.Sequential(*list(backbone.steps)[count:])
        self.dropout = nn.Dropout(settings.dropout)
        self.classifier = nn.Linear(backbone.feature_size, classes)
        self.eval()

    def train(self, mode: bool = True) -> GlitchNetwork:
        """Only the dropout knows training: batch norms keep the statistics of ImageNet.

        Minibatches of a few dozen similar pictures would spoil them.
        """
        super().train(False)
        self.dropout.train(mode)
        return self

    def features(self, activations: Tensor) -> Tensor:
        """What the frozen part gave -> (n, D)."""
        return pool(self.tail(activations))

    def forward(self, activations: Tensor) -> Tensor:
        """What the frozen part gave -> logits (n, C)."""
        logits: Tensor = self.classifier(self.dropout(self.features(activations)))
        return logits


def build_network(
    settings: TrainingSettings, classes: int, *, pretrained: bool = True
) -> GlitchNetwork:
    """The network of ``settings``; the classifier starts at zero (equal probabilities).

    Raises UnknownBackbone, MissingWeights, DamagedWeights.
    """
    backbone = create_backbone(
        settings.backbone, channels=len(settings.durations), pretrained=pretrained
    )
    network = GlitchNetwork(backbone, settings, classes)
    with torch.no_grad():
        network.classifier.weight.zero_()
        network.classifier.bias.zero_()
    return network
