"""Embeddings by a linear map: PCA of pixels or features, and features whitened within classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

Floats = npt.NDArray[np.floating]
DIMENSIONS = 200
WHITENED_AXES, SHRINKAGE = 150, 0.5


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
