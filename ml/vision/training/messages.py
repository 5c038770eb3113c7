"""What the processes of one training tell each other, as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ml.errors import MLError
from ml.vision import errors
from ml.vision.errors import ProcessesFailed
from ml.vision.inputs.dataset import Example, GlitchPictures, Skipped, TrainingSet
from ml.vision.training.train import TrainedModel

Said = Mapping[str, Any]  # the fields of what was said


def as_json(what: object) -> str:
    """On one line; dataclasses by their fields, paths and what else JSON does not know as text."""
    return json.dumps(what, default=_plain)


def _plain(one: Any) -> object:
    if is_dataclass(one):
        return vars(one)
    return one.item() if isinstance(one, np.generic) else str(one)


def training_set_from(said: Said) -> TrainingSet:
    train, validation, test = (_examples(said[name]) for name in ("train", "validation", "test"))
    unlabeled = [_pictures(one) for one in said["unlabeled"]]
    return TrainingSet(tuple(said["classes"]), train, validation, test, unlabeled)


def _examples(said: Sequence[Said]) -> list[Example]:
    return [Example(**{**one, "pictures": _pictures(one["pictures"])}) for one in said]


def _pictures(said: Said) -> GlitchPictures:
    paths = {float(duration): Path(path) for duration, path in said["paths"].items()}
    return GlitchPictures(said["glitch_id"], paths)


def model_from(said: Said) -> TrainedModel:
    changed = {
        "weights": Path(said["weights"]),
        "classes": tuple(said["classes"]),
        "skipped": tuple(Skipped(**one) for one in said["skipped"]),
        "notes": tuple(said["notes"]),
    }
    return TrainedModel(**{**said, **changed})


def error_from(said: Said) -> MLError:
    """The error that a process ended with, where the library knows its kind."""
    kind = getattr(errors, said["kind"], None)
    if isinstance(kind, type) and issubclass(kind, MLError):
        return kind(said["message"], **said["data"])
    return ProcessesFailed(f"One of the processes that train together failed: {said['message']}")
