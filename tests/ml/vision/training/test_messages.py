"""What one process says is what another understands."""

import json
from pathlib import Path

import numpy as np
import pytest

from ml.vision.errors import NothingToTrain, ProcessesFailed
from ml.vision.inputs.dataset import Example, GlitchPictures, Skipped, TrainingSet
from ml.vision.training.messages import as_json, error_from, model_from, training_set_from
from ml.vision.training.train import TrainedModel


def glitch(name):
    return GlitchPictures(name, {0.5: Path(name, "0.5.png"), 4.0: Path(name, "4.0.png")})


@pytest.mark.parametrize(
    ("what", "understood"),
    [
        (
            TrainingSet(
                ("Blip", "Whistle"),
                [
                    Example(glitch("a"), "Blip", 0.25, {"Blip": 0.75, "Whistle": 0.25}),
                    Example(glitch("b"), "Whistle", is_guess=True),
                ],
                [Example(glitch("c"), "Blip")],
                [Example(glitch("d"), "Whistle")],
                [glitch("e")],
            ),
            training_set_from,
        ),
        (
            TrainedModel(
                weights=Path("run", "model.pt"),
                sha256="0" * 64,
                classes=("Blip", "Whistle"),
                history=[{"epoch": 0, "val_loss": 0.5}],
                best_epoch=0,
                temperature=1.5,
                seconds=60.0,
                data_hash="1" * 64,
                skipped=(Skipped("f", "damaged_picture", "It ends early."),),
                notes=("Resumed after epoch 1.",),
            ),
            model_from,
        ),
    ],
)
def test_what_is_said_is_understood(what, understood):
    line = as_json(what)
    assert "\n" not in line
    assert understood(json.loads(line)) == what


def test_a_figure_of_numpy_stays_a_figure():
    assert json.loads(as_json({"weight": np.float32(0.5), "at": Path("a", "b")})) == {
        "weight": 0.5,
        "at": "a/b",
    }


def test_an_error_comes_back_as_what_it_was():
    said = {"kind": "NothingToTrain", "message": "No example.", "data": {"classes": ["Blip"]}}
    error = error_from(said)
    assert (type(error), str(error), error.data) == (
        NothingToTrain, "No example.", {"classes": ["Blip"]}
    )  # fmt: skip
    unknown = error_from(said | {"kind": "Path"})
    assert isinstance(unknown, ProcessesFailed)
    assert "No example." in str(unknown)
