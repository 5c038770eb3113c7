"""Pictures that ``bench.recipes`` trains on: real ones at hand, and simulated ones."""

import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from ml.strain.dataset import make_recipe, simulate_dataset
from ml.vision.inputs.dataset import Example, GlitchPictures, TrainingSet
from ml.vision.judging.splits import stratified_split

VALIDATION, TEST = 0.15, 0.25  # shares of each class
REAL = "real_spectrograms_140x170.npz"
ByLabel = Mapping[str, Sequence[GlitchPictures]]


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
    folder: Path, counts: Mapping[str, int], seed: int
) -> dict[str, list[GlitchPictures]]:
    """``counts`` simulated glitches of each class, made where they are not there yet.

    What ``folder`` holds beyond them stays out.
    """
    simulate_dataset(folder, counts, seed=seed)
    found: dict[str, list[GlitchPictures]] = {}
    for label, count in counts.items():
        made = [make_recipe(label, number, seed) for number in range(count)]
        found[label] = [GlitchPictures(one.gravityspy_id, one.pictures(folder)) for one in made]
    return found


def _by_label(
    found: Mapping[tuple[str, str], dict[float, Path]],
) -> dict[str, list[GlitchPictures]]:
    by_label: dict[str, list[GlitchPictures]] = defaultdict(list)
    for label, key in sorted(found):
        by_label[label].append(GlitchPictures(key, found[label, key]))
    return dict(by_label)


def split_in_order(by_label: ByLabel) -> TrainingSet:
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
    return _training_set(by_label, splits)


def split_by_chance(by_label: ByLabel, seed: int) -> TrainingSet:
    """Every class dealt out by ``seed``; one of few glitches gives to test and train first."""
    examples = [Example(one, label) for label, glitches in by_label.items() for one in glitches]
    shares = {"test": TEST, "train": 1 - TEST - VALIDATION, "validation": VALIDATION}
    places = stratified_split([example.label for example in examples], shares, seed)
    splits = {name: [examples[place] for place in found] for name, found in places.items()}
    return _training_set(by_label, splits)


def with_few_labels(whole: TrainingSet, count: int, seed: int) -> TrainingSet:
    """``count`` training labels of each class, drawn by ``seed``; the rest is unlabeled.

    Nothing is left to validate on: who has few labels learns from all of them.
    """
    rng = np.random.default_rng(seed)
    shuffled = [whole.train[place] for place in rng.permutation(len(whole.train))]
    train = [
        example
        for label in whole.classes
        for example in [one for one in shuffled if one.label == label][:count]
    ]
    kept = {example.pictures.glitch_id for example in train}
    rest = [example.pictures for example in (*whole.train, *whole.validation)]
    unlabeled = [pictures for pictures in rest if pictures.glitch_id not in kept]
    return TrainingSet(whole.classes, train, (), whole.test, unlabeled)


def _training_set(by_label: ByLabel, splits: Mapping[str, Sequence[Example]]) -> TrainingSet:
    train, validation, test = (splits[name] for name in ("train", "validation", "test"))
    return TrainingSet(tuple(sorted(by_label)), train, validation, test)
