"""Where glitches lie among each other in a network's features, and a map of it to be drawn.

So George, Shen and Huerta (2018) look at what a network has learned, and at classes that it never
saw.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from sklearn.manifold import TSNE
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import StandardScaler

PERPLEXITY = 30.0
Floats = npt.NDArray[np.floating]
Labels = npt.NDArray[np.str_]


def feature_map(features: Floats, dimensions: int, seed: int = 0) -> npt.NDArray[np.float64]:
    """Features (n, D), standardised, as places (n, ``dimensions``) by t-SNE.

    Van der Maaten and Hinton 2008, perplexity 30 or a third of the glitches where they are few.
    Near in the features is near on the map; what is far on the map says little. Needs two glitches.
    """
    perplexity = min(PERPLEXITY, max(1.0, (len(features) - 1) / 3))
    made = TSNE(
        dimensions,
        perplexity=perplexity,
        init="pca",
        # A twelfth of a fourth of n (Belkina et al. 2019). scikit-learn takes 50 at least, by which
        # hundreds of points fly apart in three dimensions.
        learning_rate=max(10.0, len(features) / 48),
        random_state=seed,
    )
    return np.asarray(made.fit_transform(StandardScaler().fit_transform(features)), np.float64)


def alike_nearby(places: Floats, labels: Labels, neighbours: int = 5) -> dict[str, float]:
    """By label: the mean share of a glitch's nearest others (n, d) that have its label.

    1 where a class of more than ``neighbours`` glitches lies by itself; the share of those that it
    has where it is smaller. NaN for a class with a single glitch.
    """
    count = min(neighbours, len(places) - 1)
    nearest = NearestNeighbors(n_neighbors=count).fit(places).kneighbors(return_distance=False)
    hits = (labels[nearest] == labels[:, None]).sum(axis=1)  # (n,)
    found = {}
    for label in np.unique(labels):
        own = labels == label
        possible = min(count, int(own.sum()) - 1)
        found[str(label)] = float(hits[own].mean() / possible) if possible else float("nan")
    return found


def nearest_classes(features: Floats, labels: Labels, label: str) -> list[str]:
    """The other labels by how near their glitches come to this one's, in standardised features.

    By the mean of their distances to the nearest of them: means of classes would say little, where
    one is spread out.
    """
    scaled = StandardScaler().fit_transform(features)
    own = NearestNeighbors(n_neighbors=1).fit(scaled[labels == label])
    distances = own.kneighbors(scaled)[0][:, 0]  # (n,)
    others = [str(one) for one in np.unique(labels) if one != label]
    return sorted(others, key=lambda one: float(distances[labels == one].mean()))
