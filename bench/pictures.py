"""Sets of pictures for benchmarks, as frozen features of their 4.0 s pictures."""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ml.pictures import parse_picture_name
from ml.strain.counts import balanced
from ml.strain.dataset import simulate_dataset
from ml.vision.dataset import GlitchPictures
from ml.vision.frozen import frozen_features
from ml.vision.settings import TrainingSettings

DURATION = 4.0  # seconds; the only one that all real glitches have
VIEWS = TrainingSettings(durations=(DURATION,), trainable_blocks=0, copies=0)


@dataclass(frozen=True)
class FeatureSet:
    """``features`` (n, 1280) of EfficientNet-Lite0, ``labels`` (n,), ``classes`` (C,) sorted."""

    name: str
    features: npt.NDArray[np.float32]
    labels: npt.NDArray[np.str_]

    @property
    def classes(self) -> npt.NDArray[np.str_]:
        return np.unique(self.labels)


def real_folder() -> Path:
    """Where the real spectrograms are expected: NOTA_SHARED, by default beside the project."""
    return Path(os.environ.get("NOTA_SHARED", "../shared")) / "data" / "spectrograms"


def real_features(cache: Path) -> FeatureSet | None:
    """The six real classes, or None where their folder is absent."""
    folder = real_folder()
    return features_of("real", folder, cache) if folder.is_dir() else None


def simulated_features(folder: Path, each: int, cache: Path, seed: int = 11) -> FeatureSet:
    """The 22 classes and the five planted ones, made where they are not there yet."""
    simulate_dataset(folder, balanced(each), seed=seed, processes=1)
    return features_of("simulated", folder, cache)


def features_of(name: str, folder: Path, cache: Path) -> FeatureSet:
    """Of every glitch in ``folder/<label>/``."""
    paths = sorted(folder.glob(f"*/*_spectrogram_{DURATION}.png"))
    glitches = [
        GlitchPictures(parse_picture_name(path.name).gravityspy_id, {DURATION: path})
        for path in paths
    ]
    table = frozen_features(glitches, VIEWS, cache)
    labels = {parse_picture_name(path.name).gravityspy_id: path.parent.name for path in paths}
    return FeatureSet(name, table.features, np.array([labels[i] for i in table.glitch_ids]))
