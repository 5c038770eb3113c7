"""Pictures that ``bench.recipes`` trains on: real ones at hand, and simulated ones."""

import os
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from ml.pictures import parse_picture_name
from ml.strain.dataset import simulate_dataset
from ml.vision.dataset import Example, GlitchPictures, TrainingSet

VALIDATION, TEST = 0.15, 0.25  # shares of each class
REAL = "real_spectrograms_140x170.npz"


def shared_folder() -> Path:
    """Where the real pictures lie: ``NOTA_SHARED``, default ../shared."""
    return Path(os.environ.get("NOTA_SHARED", "../shared")) / "data"


def real_pictures(folder: Path) -> dict[str, list[GlitchPictures]]:
    """The grey pictures of the table of real spectrograms as files, by label.

    Raises FileNotFoundError where the table is absent.
    """
    source = shared_folder() / REAL
    if not source.exists():
        raise FileNotFoundError(f"{source} is absent; name its folder's parent in NOTA_SHARED")
    found: dict[tuple[str, str], dict[float, Path]] = defaultdict(dict)
    with np.load(source) as table:
        names = ("X", "label", "gravityspy_id", "ifo", "duration")
        for energy, label, key, ifo, duration in zip(*(table[n] for n in names), strict=True):
            path = folder / label / f"{ifo}_{key}_spectrogram_{float(duration)}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(energy).save(path)
            found[(str(label), str(key))][float(duration)] = path
    return _by_label(found)


def simulated_pictures(
    folder: Path, labels: Iterable[str], count: int, seed: int
) -> dict[str, list[GlitchPictures]]:
    """So many simulated glitches of each class, made where they are not there yet."""
    simulate_dataset(folder, dict.fromkeys(labels, count), seed=seed)
    found: dict[tuple[str, str], dict[float, Path]] = defaultdict(dict)
    for path in sorted(folder.glob("*/*.png")):
        name = parse_picture_name(path.name)
        found[(path.parent.name, name.gravityspy_id)][name.duration] = path
    return _by_label(found)


def _by_label(
    found: Mapping[tuple[str, str], dict[float, Path]],
) -> dict[str, list[GlitchPictures]]:
    by_label: dict[str, list[GlitchPictures]] = defaultdict(list)
    for label, key in sorted(found):
        by_label[label].append(GlitchPictures(key, found[label, key]))
    return dict(by_label)


def split(by_label: Mapping[str, list[GlitchPictures]]) -> TrainingSet:
    """Each class in order of its ids: first train, then validation, the last is the test.

    The ids of O3 are GPS times, so there the split is one in time; elsewhere they are random
    letters, and so is the split.
    """
    splits: dict[str, list[Example]] = {"train": [], "validation": [], "test": []}
    for label, glitches in by_label.items():
        ordered = sorted(glitches, key=lambda one: one.glitch_id)
        test = max(1, round(TEST * len(ordered)))
        validation = round(VALIDATION * len(ordered))
        edges = (len(ordered) - test - validation, len(ordered) - test)
        for place, pictures in enumerate(ordered):
            name = "train" if place < edges[0] else "validation" if place < edges[1] else "test"
            splits[name].append(Example(pictures, label))
    return TrainingSet(
        tuple(sorted(by_label)), splits["train"], splits["validation"], splits["test"]
    )
