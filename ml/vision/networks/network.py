"""The classifying network: a frozen part, a trainable tail, and a linear classifier."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from ml.vision.networks import lite0
from ml.vision.networks.attention import DurationAttention, are_present
from ml.vision.networks.backbones import Backbone, create_backbone, digest_of, pool
from ml.vision.networks.prepare import Preparation
from ml.vision.recipes.backbone_names import DEFAULT_BACKBONE
from ml.vision.recipes.rules import ATTENTION
from ml.vision.recipes.settings import ALL, TrainingSettings
from ml.vision.storage.store import hash_of


def frozen_steps(backbone: Backbone, trainable_blocks: int | str) -> int:
    """How many of the backbone's steps stay as they are: all of them for 0 trainable blocks."""
    if trainable_blocks == ALL:
        return 0
    if trainable_blocks == 0:
        return len(backbone.steps)
    return max(0, backbone.blocks - int(trainable_blocks))


class FrozenPart(nn.Module):
    """Layout, normalisation and the steps that never learn.

    (n, d, h, w) within 0 to 1 -> (n, c, h', w') at the boundary, or (n, D) pooled if every step is
    frozen; with attention (n, d, ...), a missing duration all zeros. With no frozen step it only
    prepares, and nothing is worth caching but the views.
    """

    def __init__(self, backbone: Backbone, count: int, settings: TrainingSettings) -> None:
        super().__init__()
        self.preparation = Preparation(backbone, settings)
        self.steps = nn.Sequential(*list(backbone.steps)[:count])
        self.is_empty = count == 0
        self.is_whole = count == len(backbone.steps)
        self.by_duration = settings.layout == ATTENTION
        # What changes the activations and is no tensor; the key of old caches had none of it.
        plain = (settings.layout, settings.colours, settings.normalisation)
        self._kind = "" if plain == ("channels", "grey", "backbone") else repr(plain)
        if backbone.name == DEFAULT_BACKBONE:
            lite0.fold_batch_norms(self.steps)
        self.requires_grad_(False)

    def digest(self) -> str:
        """Equal digests give equal activations."""
        digest = digest_of(self)
        return hash_of(digest, self._kind) if self._kind else digest

    def forward(self, x: Tensor) -> Tensor:
        y = self.steps(self.preparation(x).contiguous(memory_format=torch.channels_last))
        y = pool(y) if self.is_whole else y
        if not self.by_duration:
            return y
        there = are_present(x)  # (n, d)
        y = y.unflatten(0, there.shape)  # (n, d, ...)
        return y * there.view(*there.shape, *[1] * (y.ndim - 2))


class GlitchNetwork(nn.Module):
    """``frozen`` -> ``tail`` -> pooled -> attention -> ``hidden`` -> dropout -> ``classifier``.

    Attention where the durations are pictures of their own, ``hidden`` where there are such layers.
    """

    def __init__(self, backbone: Backbone, settings: TrainingSettings, classes: int) -> None:
        super().__init__()
        self.settings = settings
        count = frozen_steps(backbone, settings.trainable_blocks)
        self.frozen = FrozenPart(backbone, count, settings)
        self.input_dropout = nn.Dropout(settings.input_dropout)
        self.tail = nn.Sequential(*list(backbone.steps)[count:])
        size = backbone.feature_size
        self.attention = (
            DurationAttention(size, len(settings.durations)) if self.frozen.by_duration else None
        )
        self.hidden = dense_layers(size, settings)
        self.dropout = nn.Dropout(settings.dropout)
        self.classifier = nn.Linear(settings.hidden[-1] if settings.hidden else size, classes)
        self.eval()

    def train(self, mode: bool = True) -> GlitchNetwork:
        """Only dropout and dense layers know training: batch norms keep ImageNet's statistics.

        A few dozen similar pictures would spoil them; ``train_norms`` says otherwise.
        """
        super().train(False)
        for part in (self.input_dropout, self.dropout, self.hidden):
            part.train(mode)
        if self.settings.train_norms:
            self.tail.train(mode)
        return self

    @property
    def fewest_pictures(self) -> int:
        """That a step needs: two where batch norms learn, which know no deviation of a single."""
        learning = [self.hidden, *([self.tail] if self.settings.train_norms else [])]
        norms = (isinstance(one, _BatchNorm) for part in learning for one in part.modules())
        return 2 if any(norms) else 1

    def state_of_file(self, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """A model file's ``tensors``, with what older files leave unsaid."""
        unwritten = self.frozen.preparation.unwritten()
        return {f"frozen.preparation.{name}": one for name, one in unwritten.items()} | dict(
            tensors
        )

    def features(self, activations: Tensor) -> Tensor:
        """What the frozen part gave -> (n, D): the network without its last layer."""
        x = self.input_dropout(activations)
        if self.attention is None:
            return self._dense(pool(self.tail(x)))
        each = pool(self.tail(x.flatten(0, 1))).unflatten(0, x.shape[:2])  # (n, d, D)
        return self._dense(self.attention(each, are_present(activations)))

    def _dense(self, x: Tensor) -> Tensor:
        found: Tensor = self.hidden(x)
        return found

    def forward(self, activations: Tensor) -> Tensor:
        """What the frozen part gave -> logits (n, C)."""
        logits: Tensor = self.classifier(self.dropout(self.features(activations)))
        return logits


def dense_layers(size: int, settings: TrainingSettings) -> nn.Sequential:
    """(n, size) -> (n, last of ``settings.hidden``); nothing where there is none."""
    layers: list[nn.Module] = []
    for width in settings.hidden:
        if settings.hidden_norms:
            layers.append(nn.BatchNorm1d(size))
        layers += [nn.Linear(size, width), nn.ReLU()]
        size = width
    return nn.Sequential(*layers)


def build_network(
    settings: TrainingSettings, classes: int, *, pretrained: bool = True
) -> GlitchNetwork:
    """The network of ``settings``; the classifier starts at zero (equal probabilities).

    Behind hidden layers or a backbone without ImageNet's weights it starts at random, by the seed.
    Raises UnknownBackbone, MissingWeights, DamagedWeights, BadSettings.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        backbone = create_backbone(
            settings.backbone,
            channels=settings.channels,
            side=settings.side,
            pretrained=pretrained and settings.weights != "random",
        )
        network = GlitchNetwork(backbone, settings, classes)
    if not settings.hidden and settings.weights != "random":
        with torch.no_grad():
            network.classifier.weight.zero_()
            network.classifier.bias.zero_()
    return network
