"""DIRECT (Bahaadini et al. 2018): two dense layers trained with a contrastive loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from ml.vision.devices import one_thread
from ml.vision.embedding.linear import DIMENSIONS, Floats, pad
from ml.vision.errors import TooFewClasses

HIDDEN = 1024
DIRECT_AXES = 256
WEIGHT_PENALTY = 1e-4  # L2 on the first layer's weights
MARGIN = 1.0
PAIRS_PER_GLITCH = 1  # drawn anew each epoch


@dataclass(frozen=True)
class DirectEmbedding:
    """DIRECT's two layers; before them features are standardised and turned to main ``axes``."""

    mean: Tensor
    spread: Tensor
    axes: Tensor  # (at most 256, D)
    layers: nn.Sequential

    def transform(self, features: Floats) -> npt.NDArray[np.float32]:
        """(n, D) -> (n, 200) of unit length."""
        with torch.inference_mode():
            x = torch.as_tensor(np.asarray(features, np.float32))
            x = (x - self.mean) / self.spread @ self.axes.T
            return pad(self.layers(x).numpy())

    def content(self) -> dict[str, Any]:
        """Tensors and plain values, as :func:`from_content` reads them."""
        return {
            "kind": "direct",
            "mean": self.mean,
            "spread": self.spread,
            "axes": self.axes,
            "layers": self.layers.state_dict(),
        }


def direct_layers(size: int, dims: int = DIMENSIONS) -> nn.Sequential:
    """(n, size) -> dense 1024, linear -> dense 200, ReLU."""
    return nn.Sequential(nn.Linear(size, HIDDEN), nn.Linear(HIDDEN, dims), nn.ReLU())


def contrastive_loss(a: Tensor, b: Tensor, same: Tensor, margin: float = MARGIN) -> Tensor:
    """Mean of y d + (1 - y) max(0, m - d), d the squared cosine distance of rows of (n, k)."""
    distance = (1 - functional.cosine_similarity(a, b, dim=1, eps=1e-6)) ** 2  # (n,)
    return (same * distance + (1 - same) * functional.relu(margin - distance)).mean()


def draw_pairs(
    columns: npt.NDArray[np.integer], count: int, rng: np.random.Generator
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """``count`` pairs of rows, half of them of one class (where a class has two members)."""
    first = rng.integers(len(columns), size=count)
    second = rng.integers(len(columns), size=count)
    for place in range(0, count, 2):
        mates = np.flatnonzero(columns == columns[first[place]])
        second[place] = rng.choice(mates)
    return first, second


def train_direct(
    features: Floats,
    labels: npt.NDArray[np.str_],
    seed: int,
    dims: int = DIMENSIONS,
    *,
    epochs: int = 50,
    minibatch: int = 20,
    learning_rate: float = 1e-4,
) -> DirectEmbedding:
    """Train DIRECT's layers on frozen features (n, D) of known classes ``labels`` (n,).

    RMSprop, pairs drawn anew each epoch, as in the paper. The first layer sees the features' 256
    main axes only, which hold nearly all that a few hundred glitches differ in, at a fifth of the
    time. Raises TooFewClasses for fewer than two.
    """
    classes, columns = np.unique(labels, return_inverse=True)
    if len(classes) < 2:
        raise TooFewClasses("A contrastive embedding needs glitches of at least two classes.")
    x = torch.as_tensor(np.asarray(features, np.float32))
    mean, spread = x.mean(dim=0), x.std(dim=0, correction=0) + 1e-3
    x = (x - mean) / spread
    axes = torch.linalg.svd(x - x.mean(dim=0), full_matrices=False).Vh[:DIRECT_AXES]
    x = x @ axes.T  # (n, at most 256)
    rng = np.random.default_rng(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        layers = direct_layers(x.shape[1], dims)
    dense = layers[0]
    groups: list[dict[str, Any]] = [
        {"params": [dense.weight], "weight_decay": 2 * WEIGHT_PENALTY},
        {"params": [dense.bias, *layers[1:].parameters()]},
    ]
    optimizer = torch.optim.RMSprop(groups, lr=learning_rate)
    with one_thread():
        for _ in range(epochs):
            _run_epoch(layers, optimizer, x, columns, minibatch, rng)
    return DirectEmbedding(mean, spread, axes.contiguous(), layers.eval())


def _run_epoch(
    layers: nn.Sequential,
    optimizer: torch.optim.Optimizer,
    x: Tensor,
    columns: npt.NDArray[np.integer],
    minibatch: int,
    rng: np.random.Generator,
) -> None:
    """One pass over a fresh draw of pairs of rows of x (n, D)."""
    first, second = draw_pairs(columns, PAIRS_PER_GLITCH * len(columns), rng)
    for start in range(0, len(first), minibatch):
        a, b = first[start : start + minibatch], second[start : start + minibatch]
        same = torch.from_numpy((columns[a] == columns[b]).astype(np.float32))
        both = layers(x[np.concatenate([a, b])])  # (2 n, 200)
        loss = contrastive_loss(both[: len(a)], both[len(a) :], same)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
