"""The kinds of embedding among which discovery chooses, ready to be measured and used."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from ml.vision.embedding.direct import DirectEmbedding, train_direct
from ml.vision.embedding.embed import Embedding, JoinedEmbedding, Part
from ml.vision.embedding.linear import (
    DIMENSIONS,
    WHITENED_AXES,
    LinearEmbedding,
    fit_pca,
    frozen_embedding,
    pca_embedding,
    whitened_embedding,
)

Floats = npt.NDArray[np.floating]
Labels = npt.NDArray[np.str_]
Fit = Callable[[Floats, Labels, int], Embedding]
SimpleFit = Callable[[Floats, Labels, int], LinearEmbedding | DirectEmbedding]

DIRECT, FROZEN, WHITENED = "direct", "frozen", "whitened"
PIXELS, JOINED = "pca_pixels", "joined"
DEFAULT_EMBEDDING = FROZEN
PIXEL_AXES = 50

# name -> (whether it works on pixels instead of frozen features, how it is fitted)
FITS: dict[str, tuple[bool, SimpleFit]] = {
    DIRECT: (False, train_direct),
    FROZEN: (False, lambda features, labels, seed: frozen_embedding(features)),
    WHITENED: (False, lambda features, labels, seed: whitened_embedding(features, labels)),
    PIXELS: (True, lambda pixels, labels, seed: pca_embedding(pixels)),
}


def embeddings_for(feature_size: int) -> dict[str, Fit]:
    """All candidates, each fitted on rows of :func:`ml.vision.embedding.frozen.embedding_inputs`.

    Those hold ``feature_size`` frozen features, then the pixels; an embedding takes what it needs.
    """
    fits = {name: _on_its_columns(*FITS[name], feature_size) for name in FITS}
    return {**fits, JOINED: _joined(feature_size)}


def _on_its_columns(is_pixels: bool, fit: SimpleFit, feature_size: int) -> Fit:
    def fit_part(inputs: Floats, labels: Labels, seed: int) -> Embedding:
        size = inputs.shape[1]
        start, stop = (feature_size, size) if is_pixels else (0, feature_size)
        embedding = fit(inputs[:, start:stop], labels, seed)
        return JoinedEmbedding((Part(start, stop, DIMENSIONS, embedding),), size)

    return fit_part


def _joined(feature_size: int) -> Fit:
    """Whitened features know shapes wherever they are, pixels know where: both, weighted alike."""

    def fit_both(inputs: Floats, labels: Labels, seed: int) -> Embedding:
        size = inputs.shape[1]
        shapes = whitened_embedding(inputs[:, :feature_size], labels)
        places = fit_pca(inputs[:, feature_size:], PIXEL_AXES, roots=True)
        return JoinedEmbedding(
            (
                Part(0, feature_size, WHITENED_AXES, shapes),
                Part(feature_size, size, PIXEL_AXES, places),
            ),
            size,
        )

    return fit_both
