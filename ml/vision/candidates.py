"""The embeddings among which discovery chooses, ready to be measured and used."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from ml.vision.embed import (
    Embedding,
    frozen_embedding,
    pca_embedding,
    train_direct,
    whitened_embedding,
)

Floats = npt.NDArray[np.floating]
Fit = Callable[[Floats, npt.NDArray[np.str_], int], Embedding]

DIRECT, FROZEN, WHITENED, PIXELS = "direct", "frozen", "whitened", "pca_pixels"
DEFAULT_EMBEDDING = FROZEN

# name -> (whether it works on pixels instead of frozen features, how it is fitted)
FITS: dict[str, tuple[bool, Fit]] = {
    DIRECT: (False, train_direct),
    FROZEN: (False, lambda features, labels, seed: frozen_embedding(features)),
    WHITENED: (False, lambda features, labels, seed: whitened_embedding(features, labels)),
    PIXELS: (True, lambda pixels, labels, seed: pca_embedding(pixels)),
}
