"""One training: read, warm up the classifier, fine-tune, calibrate, write the model version."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ml.vision.confidence.calibrate import fit_temperature
from ml.vision.confidence.novelty import NoveltyMeasure
from ml.vision.devices import pick_device
from ml.vision.errors import MissingWeights
from ml.vision.few_shot.pseudo import pseudo_examples
from ml.vision.inputs.activations import InputMaker, make_inputs_for
from ml.vision.inputs.dataset import Skipped, TrainingSet
from ml.vision.inputs.views import FULL
from ml.vision.logits import predict_logits
from ml.vision.networks.model_file import ModelFile
from ml.vision.networks.network import GlitchNetwork, build_network
from ml.vision.networks.weights import start_at_random, where_to_put
from ml.vision.recipes.settings import TrainingSettings
from ml.vision.training.beginning import fingerprint_of, settle
from ml.vision.training.checkpoint import Checkpoints
from ml.vision.training.draws import Labeled
from ml.vision.training.epochs import EpochReport, Progress
from ml.vision.training.fit import Fitter
from ml.vision.training.probe import warm_up, weigh_classes
from ml.vision.training.reading import Read, read_set
from ml.vision.training.world import World
from ml.wanted import part

__all__ = ["EpochReport", "TrainedModel", "train_classifier"]

logger = logging.getLogger(__name__)
WEIGHTS_NAME = "model.pt"
RECIPE = 2  # raise it when the same settings and data train otherwise
# Shares of the work before the first epoch of learning; the rest is fit.HEAD.
SETTLING, WARMING_UP = (0.0, 0.6), (0.6, 0.8)


@dataclass(frozen=True)
class TrainedModel:
    """A finished training.

    ``weights``: the file for :meth:`Classifier.load`, with its ``sha256``. ``history``: one dict an
    epoch, the fields of :class:`EpochReport`. ``data_hash``: over labels and the pictures' content.
    ``skipped``: glitches whose pictures could not be read. ``notes``: sentences on what was
    unusual (a resume, a damaged checkpoint).
    """

    weights: Path
    sha256: str
    classes: tuple[str, ...]
    history: list[dict[str, Any]]
    best_epoch: int
    temperature: float
    seconds: float
    data_hash: str
    skipped: tuple[Skipped, ...]
    notes: tuple[str, ...]


def train_classifier(
    training_set: TrainingSet,
    settings: TrainingSettings,
    folder: Path,
    cache: Path,
    on_epoch: Callable[[EpochReport], None] | None = None,
    device: str = "auto",
    world: World | None = None,
) -> TrainedModel:
    """Train on the train split, choose by validation, never look at the test split.

    ``folder`` takes the checkpoints and the weights; after a kill the same call goes on there and
    ends with the same result. What the first attempt could not read stays left out; what only a
    later one cannot read costs that glitch, with a note. ``cache`` holds views and activations, can
    be shared by all trainings and predictions, and can be deleted at any time.

    Raises what :meth:`TrainingSet.check` and :func:`build_network` raise; NothingToTrain also if no
    picture of a class is readable; CheckpointMismatch if ``folder`` belongs to another training, or
    pictures were exchanged; NaNLoss, OutOfMemory; DiskFull (the last checkpoint stays good).

    ``world``: the processes that train together, each calling this with the same arguments; all
    return the same, and the first one writes.
    """
    started = time.monotonic()
    world = world or World()
    training_set.check()
    folder.mkdir(parents=True, exist_ok=True)
    network, notes = _start(settings, len(training_set.classes))
    settings = network.settings
    network.to(pick_device(device))
    # How often a minibatch is cut is the device's affair: a training may go on with other cuts.
    same = {**settings.to_dict(), "accumulate": 1, "of_release": RECIPE}
    checkpoints = Checkpoints(folder, fingerprint_of(training_set, same))
    with part(*SETTLING):
        read, more = settle(
            training_set,
            settings,
            checkpoints,
            world,
            lambda readable: _read_in_turn(network, cache, device, readable, world),
            lambda labeled, pool: pseudo_examples(labeled, pool, cache, device),
        )
    notes += more
    maker = make_inputs_for(network, settings, cache, device)

    weigh_classes(read.train, settings, len(training_set.classes))
    with part(*WARMING_UP):
        warm_up(network, maker, read.train, settings)
    fitter = Fitter(network, maker, read.train, read.validation, settings, world)
    progress = fitter.run(checkpoints, on_epoch)
    model = _finish(network, maker, read, settings, training_set.classes)
    path = folder / WEIGHTS_NAME
    sha256 = model.write(path) if world.is_first else ""
    notes += checkpoints.notes + fitter.notes
    return _describe(path, sha256, model, progress, read, notes, started)


def _start(settings: TrainingSettings, classes: int) -> tuple[GlitchNetwork, list[str]]:
    """The network, with random weights where there are none and the settings allow it; notes."""
    try:
        return build_network(settings, classes), []
    except MissingWeights:
        if settings.weights != "imagenet or random":
            raise
    note = (
        f"Started from random weights: there are no ImageNet weights for {settings.backbone!r}. "
        f"{where_to_put(settings.backbone)} for what the recipe means."
    )
    logger.warning(note)
    return build_network(start_at_random(settings), classes), [note]


def _read_in_turn(
    network: GlitchNetwork, cache: Path, device: str, training_set: TrainingSet, world: World
) -> Read:
    """The first process fills the cache, the others then find all there."""
    settings = network.settings
    if not world.is_first:
        world.wait_for_all()
    read = read_set(
        make_inputs_for(network, settings, cache, device, for_training=True),
        make_inputs_for(network, settings, cache, device),
        training_set,
        soft=settings.soft_targets,
    )
    if world.is_first:
        world.wait_for_all()
    if settings.normalisation == "training mean":
        _set_mean_picture(network, read.train)
    return read


def _set_mean_picture(network: GlitchNetwork, train: Labeled) -> None:
    """The mean of what the backbone would see of the training glitches, (c, h, w)."""
    preparation = network.frozen.preparation
    mean = preparation.get_buffer("mean_picture")
    mean.zero_()
    for array in train.arrays:
        view = torch.from_numpy(np.array(array[FULL])).to(mean.device)[None].float() / 255
        mean += preparation.arrange(view).mean(dim=0) / len(train)


def _finish(
    network: GlitchNetwork,
    maker: InputMaker,
    read: Read,
    settings: TrainingSettings,
    classes: tuple[str, ...],
) -> ModelFile:
    """Measure the known classes on train, calibrate on validation, gather all into one file."""
    novelty = _measure_of_known(read, len(classes))
    temperature = 1.0
    if len(read.validation):
        logits, _ = predict_logits(network, maker, read.validation.arrays, FULL)
        distance = novelty.measure(read.validation_sketches, logits.argmax(axis=1))
        temperature = fit_temperature(logits, read.validation.columns, distance)
    return ModelFile(
        settings=settings,
        classes=classes,
        temperature=temperature,
        network={key: tensor.detach().cpu() for key, tensor in network.state_dict().items()},
        novelty={name: torch.from_numpy(array) for name, array in novelty.to_arrays().items()},
    )


def _measure_of_known(read: Read, classes: int) -> NoveltyMeasure:
    """Of what people labeled: by guesses the glitches that discovery looks for would be known.

    A class of which nothing else could be read is measured by its guesses all the same.
    """
    columns = read.train.columns
    given = ~read.guesses
    given |= ~np.isin(columns, columns[given])
    return NoveltyMeasure.fit(read.sketches[given], columns[given], classes)


def _describe(
    path: Path,
    sha256: str,
    model: ModelFile,
    progress: Progress,
    read: Read,
    notes: list[str],
    started: float,
) -> TrainedModel:
    return TrainedModel(
        weights=path,
        sha256=sha256,
        classes=model.classes,
        history=progress.history,
        best_epoch=progress.best_epoch,
        temperature=model.temperature,
        seconds=time.monotonic() - started,
        data_hash=read.data_hash,
        skipped=read.skipped,
        notes=tuple(notes),
    )
