"""Features of the untouched backbone, and bare pixels: what embeddings are built on.

A fine-tuned network bends its features towards the classes it knows; the backbone as ImageNet left
it has no such interest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from ml.vision.devices import pick_device
from ml.vision.inputs.activations import make_inputs_for, read_views
from ml.vision.inputs.dataset import GlitchPictures, Skipped
from ml.vision.inputs.views import FULL, ViewReader
from ml.vision.logits import predict_logits
from ml.vision.networks.network import GlitchNetwork, build_network
from ml.vision.recipes.settings import TrainingSettings
from ml.vision.storage.store import ArrayStore
from ml.wanted import part

PIXEL_SIDE = 56
READING, LOOKING = (0.0, 0.8), (0.8, 1.0)  # decoding costs more than what follows it


@dataclass(frozen=True)
class FeatureTable:
    """``features`` (n, D) float32 of the glitches that could be read, in the order asked."""

    glitch_ids: list[str]
    features: npt.NDArray[np.float32]
    skipped: tuple[Skipped, ...]


def frozen_features(
    glitches: Sequence[GlitchPictures],
    settings: TrainingSettings,
    cache: Path,
    device: str = "auto",
) -> FeatureTable:
    """Pooled features (n, D) of the backbone and views of ``settings``.

    What a training or a prediction with the same settings cached is used: only the last blocks
    are computed, here with ImageNet's weights. Raises UnknownBackbone, MissingWeights.
    """
    return features_by(build_network(settings, classes=2), glitches, cache, device)


def features_by(
    network: GlitchNetwork, glitches: Sequence[GlitchPictures], cache: Path, device: str
) -> FeatureTable:
    """:func:`frozen_features` of a network that was built already."""
    network = network.to(pick_device(device))
    maker = make_inputs_for(network, network.settings, cache, device)
    with part(*READING):
        inputs = maker.make(glitches)
    size = network.classifier.in_features
    features = np.zeros((0, size), np.float32)
    if inputs.arrays:
        with part(*LOOKING):
            _, features = predict_logits(network, maker, inputs.arrays, FULL)
    ids = [glitches[index].glitch_id for index in inputs.kept]
    return FeatureTable(ids, features, tuple(inputs.skipped))


def pixels(
    glitches: Sequence[GlitchPictures], settings: TrainingSettings, cache: Path
) -> FeatureTable:
    """The views themselves, reduced to 56 x 56 each, flat (n, d * 56 * 56), within 0 to 1."""
    reader = ViewReader(settings.durations, settings.size, ArrayStore(cache))
    ids: list[str] = []
    skipped: list[Skipped] = []
    rows = [np.zeros((0, len(settings.durations) * PIXEL_SIDE**2), np.float32)]
    for pictures, views in zip(glitches, read_views(reader, glitches), strict=True):
        if isinstance(views, Skipped):
            skipped.append(views)
            continue
        ids.append(pictures.glitch_id)
        small = [
            np.asarray(Image.fromarray(view).resize((PIXEL_SIDE, PIXEL_SIDE)))
            for view in views.variants[FULL]
        ]
        rows.append(np.stack(small).reshape(1, -1).astype(np.float32) / np.float32(255))
    return FeatureTable(ids, np.concatenate(rows), tuple(skipped))


@dataclass(frozen=True)
class EmbeddingInputs:
    """``rows`` (n, feature_size + pixels) float32: frozen features, then pixels, of each glitch."""

    glitch_ids: list[str]
    rows: npt.NDArray[np.float32]
    feature_size: int
    skipped: tuple[Skipped, ...]


def embedding_inputs(
    glitches: Sequence[GlitchPictures],
    network: GlitchNetwork,
    cache: Path,
    device: str = "auto",
) -> EmbeddingInputs:
    """All that the embeddings of :mod:`ml.vision.embedding.kinds` are fitted on."""
    with part(*READING):
        seen = features_by(network, glitches, cache, device)
    with part(*LOOKING):
        flat = pixels(glitches, network.settings, cache)
    rows = np.concatenate([seen.features, flat.features], axis=1)
    return EmbeddingInputs(seen.glitch_ids, rows, seen.features.shape[1], seen.skipped)
