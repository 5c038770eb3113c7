"""Embeddings in which the unknown is to be clustered; all give 200 numbers a glitch.

- DIRECT (Bahaadini et al. 2018): two dense layers trained with a contrastive loss on the known
  classes, here on frozen features instead of VGG16's convolutions.
- frozen features, reduced to 200 by PCA.
- whitened: frozen features on axes along which glitches of one known class differ little.
- PCA with 50 components of the pixels.
- joined: whitened features and pixels side by side.

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
from ml.vision.devices import one_thread
from ml.vision.errors import DamagedWeights, TooFewClasses
from ml.vision.store import write_atomically

Floats = npt.NDArray[np.floating]
DIMENSIONS = 200
HIDDEN = 1024
DIRECT_AXES = 256
WEIGHT_PENALTY = 1e-4  # L2 on the first layer's weights
MARGIN = 1.0
PAIRS_PER_GLITCH = 1  # drawn anew each epoch
WHITENED_AXES, SHRINKAGE = 150, 0.5
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

    def content(self) -> dict[str, Any]:
        """Tensors and plain values, as :func:`from_content` reads them."""
        return {
            "kind": "linear",
            "centre": torch.from_numpy(self.centre),
            "axes": torch.from_numpy(self.axes),
            "roots": self.roots,
        }

    def save(self, path: Path) -> None:
        save_embedding(self, path)


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
    main = fit_pca(features, WHITENED_AXES, roots=True)
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

    def save(self, path: Path) -> None:
        save_embedding(self, path)


@dataclass(frozen=True)
class Part:
    """The first ``dims`` numbers that ``embedding`` makes of the input columns start to stop."""

    start: int
    stop: int
    dims: int
    embedding: LinearEmbedding | DirectEmbedding


@dataclass(frozen=True)
class JoinedEmbedding:
    """Embeddings of parts of the input side by side, each of the same weight; 200 in all."""

    parts: tuple[Part, ...]

    def transform(self, inputs: Floats) -> npt.NDArray[np.float32]:
        """(n, D) -> (n, 200) of unit length."""
        blocks = [
            part.embedding.transform(inputs[:, part.start : part.stop])[:, : part.dims]
            for part in self.parts
        ]
        return pad(np.concatenate(blocks, axis=1))

    def content(self) -> dict[str, Any]:
        """Tensors and plain values, as :func:`from_content` reads them."""
        parts = [
            {"columns": [part.start, part.stop, part.dims], "embedding": part.embedding.content()}
            for part in self.parts
        ]
        return {"kind": "joined", "parts": parts}

    def save(self, path: Path) -> None:
        save_embedding(self, path)


Embedding = LinearEmbedding | DirectEmbedding | JoinedEmbedding


def save_embedding(embedding: Embedding, path: Path) -> None:
    """Write atomically, for :func:`load_embedding`."""
    write_atomically(path, pack({"layout": LAYOUT, **embedding.content()}))


def load_embedding(path: Path) -> Embedding:
    """Any embedding that was saved; raises :class:`DamagedWeights`, OSError if there is none."""
    content = unpack(path.read_bytes(), path)
    if content.get("layout") != LAYOUT:
        raise DamagedWeights(f"{path} is no embedding of this layout.", path=str(path))
    return from_content(content)


def from_content(content: dict[str, Any]) -> Embedding:
    """The reverse of ``content()`` of each kind."""
    if content["kind"] == "joined":
        parts = []
        for part in content["parts"]:
            inner = from_content(part["embedding"])
            if not isinstance(inner, JoinedEmbedding):
                start, stop, dims = part["columns"]
                parts.append(Part(start, stop, dims, inner))
        return JoinedEmbedding(tuple(parts))
    if content["kind"] == "linear":
        return LinearEmbedding(
            content["centre"].numpy(), content["axes"].numpy(), bool(content["roots"])
        )
    layers = _layers(len(content["axes"]))
    layers.load_state_dict(content["layers"])
    return DirectEmbedding(content["mean"], content["spread"], content["axes"], layers)


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
        layers = _layers(x.shape[1], dims)
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
