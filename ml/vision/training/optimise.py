"""Optimisers, learning rates over time, and the running mean of the weights."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from ml.vision.networks.network import GlitchNetwork
from ml.vision.recipes.settings import TrainingSettings

# Chollet's ReduceLROnPlateau, as its tutorials use it: a fifth after three epochs without a better.
PLATEAU_FACTOR, PLATEAU_EPOCHS = 0.2, 3


def make_optimizer(network: GlitchNetwork, settings: TrainingSettings) -> Optimizer:
    """Two groups of parameters, each with its rate: all above the backbone, and its blocks."""
    above = [network.classifier, network.hidden, network.attention]
    groups: list[dict[str, Any]] = [
        {
            "params": [p for part in above if part is not None for p in part.parameters()],
            "lr": settings.head_learning_rate,
        }
    ]
    tail = list(network.tail.parameters())
    if tail:
        groups.append({"params": tail, "lr": settings.learning_rate})
    kinds: dict[str, type[Optimizer]] = {
        "adamw": torch.optim.AdamW,
        "adam": torch.optim.Adam,
        "adagrad": torch.optim.Adagrad,
        "rmsprop": torch.optim.RMSprop,
        "adadelta": torch.optim.Adadelta,
    }
    options: dict[str, Any] = {"weight_decay": settings.weight_decay, "eps": settings.epsilon}
    return kinds[settings.optimizer](groups, **options)


def rate_factor(settings: TrainingSettings, done: float, losses: Sequence[float]) -> float:
    """By what each rate is multiplied: ``done`` of all epochs within 0 to 1, after validation
    ``losses`` of the epochs so far. Follows from what is checkpointed, so it has no state.

    It grows in line from 0 over the epochs of ``warmup`` (Goyal et al. 2017, section 2.2): AdamW's
    first steps are as large as its rate, whatever the gradient, and would undo the linear head from
    which fine-tuning starts.
    """
    warm = min(1.0, settings.warmup / max(settings.epochs, 1))
    if done < warm:
        return done / warm
    if settings.schedule == "cosine":
        return 0.5 * (1 + math.cos(math.pi * (done - warm) / max(1 - warm, 1e-9)))
    if settings.schedule == "plateau":
        return plateau_factor(losses)
    return 1.0


def plateau_factor(losses: Sequence[float]) -> float:
    """A fifth for every three epochs on end without a loss lower than all before.

    Losses are NaN where there is nothing to validate on, and tell of no plateau then.
    """
    factor, best, waited = 1.0, math.inf, 0
    for loss in losses:
        if math.isnan(loss):
            continue
        if loss < best:
            best, waited = loss, 0
            continue
        waited += 1
        if waited == PLATEAU_EPOCHS:
            factor, waited = factor * PLATEAU_FACTOR, 0
    return factor


class RunningMean:
    """Exponential moving average of a network's tensors outside of its frozen part.

    The decay grows from a tenth with the steps, min(decay, (1 + t) / (10 + t)), so that the first
    steps are soon forgotten. Whole numbers (counts of batch norms) are copied.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.decay = decay
        self.steps = 0
        self.tensors = {key: tensor.clone() for key, tensor in learned(network).items()}

    @torch.no_grad()
    def update(self, network: nn.Module) -> None:
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
        self.steps += 1
        for key, tensor in learned(network).items():
            if tensor.is_floating_point():
                self.tensors[key].lerp_(tensor, 1 - decay)
            else:
                self.tensors[key].copy_(tensor)

    @torch.no_grad()
    def swap(self, network: nn.Module) -> None:
        """Exchange the network's tensors and the mean's; a second swap takes it back."""
        for key, tensor in learned(network).items():
            kept = tensor.clone()
            tensor.copy_(self.tensors[key])
            self.tensors[key].copy_(kept)

    def state(self) -> dict[str, Any]:
        tensors = {key: tensor.cpu().clone() for key, tensor in self.tensors.items()}
        return {"steps": self.steps, "tensors": tensors}

    def load(self, state: dict[str, Any]) -> None:
        self.steps = int(state["steps"])
        for key, tensor in state["tensors"].items():
            self.tensors[key].copy_(tensor)


def learned(network: nn.Module) -> dict[str, Tensor]:
    """All tensors outside of the frozen part: they themselves, not copies."""
    return {
        key: tensor.detach()
        for key, tensor in network.state_dict(keep_vars=True).items()
        if not key.startswith("frozen.")
    }
