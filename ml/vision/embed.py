"""Embeddings in which the unknown is to be clustered; all give 200 numbers a glitch.

- DIRECT (Bahaadini et al. 2018): two dense layers trained with a contrastive loss on the known
  classes, here on frozen features instead of VGG16's convolutions.
- frozen features, reduced to 200 by PCA.
- whitened: frozen features on axes along which glitches of one known class differ little.
- PCA with 50 components of the pixels.

Every embedding is unit length (or zero), so that Euclidean and cosine neighbours agree in the
database's vector index.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from ml.vision.checkpoint import pack, unpack
from ml.vision.errors import DamagedWeights, TooFewClasses
from ml.vision.store import write_atomically

Floats = npt.NDArray[np.floating]
DIMENSIONS = 200
HIDDEN = 1024
WEIGHT_PENALTY = 1e-4  # L2 on the first layer's weights
MARGIN = 1.0
PAIRS_PER_GLITCH = 1  # drawn anew each epoch
WHITENED, SHRINKAGE = 150, 0.5
LAYOUT = 1


def pad(vectors: Floats, dims: int = DIMENSIONS) -> npt.NDArray[np.float32]:
    """(n, d <= dims) -> (n, dims): unit length, then zeros at the end; zero rows stay zero."""
    lengths = np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    padded = np.zeros((len(vectors), dims), np.float32)
    padded[:, : vectors.shape[1]] = vectors / lengths
    return padded


@dataclass(frozen=True)
class LinearEmbedding:
    """x (n, D) -> (f(x) - centre) @ axes.T, padded to 200; with ``roots`` f takes square roots."""

    centre: npt.NDArray[np.float32]
    axes: npt.NDArray[np.float32]
    roots: bool

    def transform(self, features: Floats) -> npt.NDArray[np.float32]:
        """(n, D) -> (n, 200) of unit length."""
        return pad((_prepare(features, self.roots) - self.centre) @ self.axes.T)

    def save(self, path: Path) -> None:
        content = {
            "kind": "linear",
            "layout": LAYOUT,
            "centre": torch.from_numpy(self.centre),
            "axes": torch.from_numpy(self.axes),
            "roots": self.roots,
        }
        write_atomically(path, pack(content))


def _prepare(features: Floats, roots: bool) -> npt.NDArray[np.float32]:
    """With ``roots``: signed square roots, scaled to unit length (as in the Hellinger distance)."""
    x = np.asarray(features, np.float32)
    if not roots:
        return x
    x = np.sign(x) * np.sqrt(np.abs(x))
    return np.asarray(x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12))


def fit_pca(features: Floats, components: int, *, roots: bool = False) -> LinearEmbedding:
    """Principal axes of (n, D); fewer components than asked where n or D allow no more."""
    x = _prepare(features, roots)
    centre = x.mean(axis=0)
    _, _, axes = np.linalg.svd(x - centre, full_matrices=False)
    return LinearEmbedding(centre, np.ascontiguousarray(axes[:components]), roots)


def pca_embedding(pixels: Floats, components: int = 50) -> LinearEmbedding:
    """The papers' baseline: PCA-50 of the pixels (n, d)."""
    return fit_pca(pixels, components)


def whitened_embedding(features: Floats, labels: npt.NDArray[np.str_]) -> LinearEmbedding:
    """Frozen features (n, D), scaled down where glitches of one class differ from each other.

    What varies within known classes (loudness, time between repeats) is likely to mean little in
    unknown ones too. 150 main axes, then within-class covariance normalisation (Hatch et al. 2006),
    shrunk halfway towards none because known glitches are few.
    """
    main = fit_pca(features, WHITENED, roots=True)
    x = (_prepare(features, True) - main.centre) @ main.axes.T  # (n, k)
    within = np.concatenate(
        [x[labels == name] - x[labels == name].mean(axis=0) for name in np.unique(labels)]
    ).astype(np.float64)
    covariance = within.T @ within / len(within)
    even = np.eye(len(covariance)) * (np.trace(covariance) / len(covariance) + 1e-12)
    sizes, axes = np.linalg.eigh((1 - SHRINKAGE) * covariance + SHRINKAGE * even)
    scale = (axes / np.sqrt(sizes)) @ axes.T  # (k, k), symmetric
    scaled = np.ascontiguousarray(scale @ main.axes, np.float32)
    return LinearEmbedding(main.centre, scaled, roots=True)


def frozen_embedding(features: Floats) -> LinearEmbedding:
    """Frozen features' square roots, reduced to 200 by PCA."""
    return fit_pca(features, DIMENSIONS, roots=True)


@dataclass(frozen=True)
class DirectEmbedding:
    """DIRECT's two layers; ``mean`` and ``spread`` (D,) standardise the features first."""

    mean: Tensor
    spread: Tensor
    layers: nn.Sequential

    def transform(self, features: Floats) -> npt.NDArray[np.float32]:
        """(n, D) -> (n, 200) of unit length."""
        with torch.inference_mode():
            x = torch.as_tensor(np.asarray(features, np.float32))
            return pad(self.layers((x - self.mean) / self.spread).numpy())

    def save(self, path: Path) -> None:
        content = {
            "kind": "direct",
            "layout": LAYOUT,
            "mean": self.mean,
            "spread": self.spread,
            "layers": self.layers.state_dict(),
        }
        write_atomically(path, pack(content))


Embedding = LinearEmbedding | DirectEmbedding


def load_embedding(path: Path) -> Embedding:
    """Any embedding that was saved; raises :class:`DamagedWeights`, OSError if there is none."""
    content = unpack(path.read_bytes(), path)
    if content.get("layout") != LAYOUT:
        raise DamagedWeights(f"{path} is no embedding of this layout.", path=str(path))
    if content["kind"] == "linear":
        return LinearEmbedding(
            content["centre"].numpy(), content["axes"].numpy(), bool(content["roots"])
        )
    layers = _layers(len(content["mean"]))
    layers.load_state_dict(content["layers"])
    return DirectEmbedding(content["mean"], content["spread"], layers)


def _layers(size: int, dims: int = DIMENSIONS) -> nn.Sequential:
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

    RMSprop, pairs drawn anew each epoch, as in the paper. Raises TooFewClasses for fewer than two.
    """
    classes, columns = np.unique(labels, return_inverse=True)
    if len(classes) < 2:
        raise TooFewClasses("A contrastive embedding needs glitches of at least two classes.")
    x = torch.as_tensor(np.asarray(features, np.float32))
    mean, spread = x.mean(dim=0), x.std(dim=0, correction=0) + 1e-3
    x = (x - mean) / spread
    rng = np.random.default_rng(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        layers = _layers(x.shape[1], dims)
    dense = layers[0]
    groups: list[dict[str, Any]] = [
        {"params": [dense.weight], "weight_decay": 2 * WEIGHT_PENALTY},
        {"params": [dense.bias, *layers[1:].parameters()]},
    ]
    optimizer = torch.optim.RMSprop(groups, lr=learning_rate)
    for _ in range(epochs):
        first, second = draw_pairs(columns, PAIRS_PER_GLITCH * len(columns), rng)
        for start in range(0, len(first), minibatch):
            a, b = first[start : start + minibatch], second[start : start + minibatch]
            same = torch.from_numpy((columns[a] == columns[b]).astype(np.float32))
            both = layers(x[np.concatenate([a, b])])  # (2 n, 200)
            loss = contrastive_loss(both[: len(a)], both[len(a) :], same)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return DirectEmbedding(mean, spread, layers.eval())
