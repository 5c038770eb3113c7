"""Sets of pictures for benchmarks, as frozen features."""

import os
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ml.pictures import parse_picture_name
from ml.strain.counts import balanced
from ml.strain.dataset import simulate_dataset
from ml.strain.render import RUN
from ml.vision.embedding.frozen import frozen_features
from ml.vision.inputs.dataset import GlitchPictures
from ml.vision.recipes.settings import TrainingSettings

ALL = (0.5, 1.0, 2.0, 4.0)  # seconds
LONGEST = (4.0,)  # the only picture that all real glitches have


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


def real_features(cache: Path, durations: tuple[float, ...] = ALL) -> FeatureSet | None:
    """The six real classes, or None where their folder is absent."""
    folder = real_folder()
    return features_of("real", folder, cache, durations) if folder.is_dir() else None


def simulated_features(
    folder: Path,
    each: int,
    cache: Path,
    durations: tuple[float, ...] = ALL,
    seed: int = 11,
    run: str = RUN,
) -> FeatureSet:
    """The 22 classes and the five planted ones, made where they are not there yet."""
    simulate_dataset(folder, balanced(each), seed=seed, processes=1, run=run)
    return features_of("simulated", folder, cache, durations)


def features_of(
    name: str, folder: Path, cache: Path, durations: tuple[float, ...] = ALL
) -> FeatureSet:
    """Of every glitch in ``folder/<label>/``, from the pictures of these ``durations`` alone."""
    files: dict[str, dict[float, Path]] = {}
    labels: dict[str, str] = {}
    for path in sorted(folder.glob("*/*_spectrogram_*.png")):
        found = parse_picture_name(path.name)
        if found.duration in durations:
            files.setdefault(found.gravityspy_id, {})[found.duration] = path
            labels[found.gravityspy_id] = path.parent.name
    views = TrainingSettings(trainable_blocks=0, copies=0)
    if durations == LONGEST:
        views = replace(views, durations=LONGEST)
    glitches = [GlitchPictures(glitch_id, paths) for glitch_id, paths in files.items()]
    table = frozen_features(glitches, views, cache)
    return FeatureSet(name, table.features, np.array([labels[i] for i in table.glitch_ids]))
