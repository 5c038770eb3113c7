"""Small made-up spectrograms: each class a shape that a few labels suffice to learn."""

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch")

from ml.vision.inputs.dataset import Example, GlitchPictures, TrainingSet  # noqa: E402
from ml.vision.recipes.settings import TrainingSettings  # noqa: E402

SIDE = 64


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


def draw(label, rng, duration=4.0):
    """uint8 (64, 64): "line" is a row, "blip" a column, "arch" a parabola; noise under all."""
    energy = rng.integers(0, 30, (SIDE, SIDE)).astype(np.uint8)
    place = int(rng.integers(-6, 7))
    if label == "line":
        energy[40 + place : 44 + place] = 220
    elif label == "blip":
        energy[10:50, 31:33] = 220
    else:
        for column in range(SIDE):
            energy[20 + place + (column - 32) ** 2 // 32 :][:4, column] = 220
    return energy


def save_glitch(folder, glitch_id, label, rng, durations=(1.0, 4.0)):
    paths = {}
    for duration in durations:
        paths[duration] = folder / f"H1_{glitch_id}_spectrogram_{duration}.png"
        Image.fromarray(draw(label, rng, duration)).save(paths[duration])
    return GlitchPictures(glitch_id, paths)


def make_set(folder, classes=("blip", "line"), train=6, validation=3, test=4, seed=0):
    rng = np.random.default_rng(seed)
    splits = []
    for split, count in (("t", train), ("v", validation), ("x", test)):
        splits.append(
            [
                Example(save_glitch(folder, f"{split}{label}{number:02d}", label, rng), label)
                for label in classes
                for number in range(count)
            ]
        )
    return TrainingSet(tuple(classes), *splits)


@pytest.fixture
def training_set(tmp_path):
    return make_set(tmp_path)


@pytest.fixture
def recipe():
    return TrainingSettings(
        size=32, trainable_blocks=1, epochs=3, minibatch=8, copies=1, durations=(1.0, 2.0, 4.0)
    )
