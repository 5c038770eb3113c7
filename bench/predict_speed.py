"""What ``bench.predict`` times."""

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from django.conf import settings
from torch.nn import functional

from labeling.models import GlitchClass, ModelVersion, Prediction
from labeling.services.classes import freeze_class_list, load_gravity_spy
from labeling.services.imports import NewGlitch, import_glitch
from labeling.services.training_results import next_number
from ml.pictures import DURATIONS
from ml.vision.confidence.novelty import COLUMNS, ROWS, NoveltyMeasure
from ml.vision.devices import autocast, forward_precision, prediction_precision
from ml.vision.inputs.activations import make_inputs_for
from ml.vision.inputs.pipeline import CPU_MINIBATCH, CUDA_MINIBATCH
from ml.vision.networks.model_file import ModelFile
from ml.vision.networks.network import build_network
from ml.vision.prediction.classifier import Classifier
from ml.vision.recipes import settings_for
from ml.vision.recipes.settings import TrainingSettings
from ml.vision.training.draws import Labeled
from ml.vision.training.fit import Fitter
from ml.vision.training.optimise import make_optimizer
from workers.scoring import score_and_store

CLASSES = 22
STEPS = 6  # of one measured epoch


def seed(count: int, picture: Callable[[int, float], bytes]) -> list[int]:
    """So many glitches with four pictures each; their ids."""
    load_gravity_spy()
    ids = []
    for number in range(count):
        pictures = {duration: picture(number, duration) for duration in DURATIONS}
        ids.append(import_glitch(NewGlitch(f"{number:010d}", "H1", pictures), by=None)[0].pk)
    return ids


def settings_of(recipe: str) -> TrainingSettings:
    """The recipe's, with random weights where a file would be needed."""
    needs_file = settings_for(recipe).backbone != "efficientnet-lite0"
    return settings_for(recipe, {"weights": "random"} if needs_file else {})


def make_version(recipe: str) -> ModelVersion:
    """An untrained version of the recipe's network, stored like any other."""
    chosen = settings_of(recipe)
    in_order = GlitchClass.objects.filter(is_none_of_the_above=False).order_by("id")
    labels = list(in_order.values_list("label", flat=True))[:CLASSES]
    network = build_network(chosen, len(labels))
    sketches = np.zeros((len(labels), len(chosen.durations), ROWS, COLUMNS), np.uint8)
    measure = NoveltyMeasure.fit(sketches, np.arange(len(labels)), len(labels)).to_arrays()
    novelty = {name: torch.from_numpy(array) for name, array in measure.items()}
    model = ModelFile(chosen, tuple(labels), 1.0, network.state_dict(), novelty)
    role = ModelVersion.Role.CLASSIFIER
    number = next_number(role)
    path = settings.MODELS_FOLDER / f"bench-{number}.pt"
    path.parent.mkdir(parents=True, exist_ok=True)
    return ModelVersion.objects.create(
        role=role,
        number=number,
        class_list=freeze_class_list(labels),
        weights=path.name,
        weights_sha256=model.write(path),
    )


def prediction(
    version: ModelVersion, ids: list[int], device: str, repeats: int, empty: Callable[[], None]
) -> dict[str, Any]:
    """Files to rows with an empty cache, with views cached, and the bare forward pass."""
    classifier = Classifier.load(settings.MODELS_FOLDER / version.weights, device)
    bare, cold, warm = [], [], []
    for _ in range(repeats):
        bare.append(_forward(classifier, len(ids), device))
        empty()
        cold.append(_end_to_end(version, classifier, ids))
        warm.append(_end_to_end(version, classifier, ids))
    return {
        "forward_per_s": len(ids) / min(bare),
        "end_to_end_per_s": len(ids) / min(cold),
        "cached_per_s": len(ids) / min(warm),
        "end_to_end_over_forward": min(bare) / min(cold),
        "cached_over_forward": min(bare) / min(warm),
    }


def _end_to_end(version: ModelVersion, classifier: Classifier, ids: list[int]) -> float:
    Prediction.objects.filter(model_version=version).delete()
    started = time.perf_counter()
    stored = score_and_store(version, classifier, ids)
    seconds = time.perf_counter() - started
    if stored != len(ids):
        raise RuntimeError(f"{stored} of {len(ids)} predictions were stored")
    return seconds


def _forward(classifier: Classifier, count: int, device: str) -> float:
    """Seconds for ``count`` glitches whose views lie on the device already."""
    network = classifier._network.eval()
    where = torch.device(device)
    size = CUDA_MINIBATCH if where.type == "cuda" else CPU_MINIBATCH
    shape = (min(size, count), len(classifier.settings.durations), *[classifier.settings.size] * 2)
    x = torch.rand(shape, device=where)
    above = prediction_precision(where, nothing_frozen=network.frozen.is_empty)

    def forward() -> None:
        with autocast(where, forward_precision(where)):
            activations = network.frozen(x).float()
        with autocast(where, above):
            network(activations)

    with torch.inference_mode():
        forward()
        _wait(where)
        started = time.perf_counter()
        for _ in range(math.ceil(count / len(x))):
            forward()
        _wait(where)
    return (time.perf_counter() - started) * count / (math.ceil(count / len(x)) * len(x))


def training(recipe: str, device: str, minibatch: int, repeats: int) -> dict[str, Any]:
    """Seconds of a step in a training, and bare."""
    chosen = settings_of(recipe)
    network = build_network(chosen, CLASSES).to(device)
    maker = make_inputs_for(network, chosen, Path("unused"), device)
    train = _labeled(network, maker.to_tensor, chosen, minibatch * STEPS)
    fitter = Fitter(network, maker, train, train, chosen)
    fitter.minibatch = minibatch
    whole, bare = [], []
    for repeat in range(repeats + 1):
        seconds = (_epoch(fitter, repeat + 1, device), _bare_steps(fitter, minibatch, device))
        if repeat:  # the first warms up
            whole.append(seconds[0] / STEPS)
            bare.append(seconds[1] / STEPS)
    return {
        "train_step_s": min(whole),
        "bare_step_s": min(bare),
        "train_step_over_bare": min(bare) / min(whole),
    }


def _labeled(
    network: Any, to_tensor: Callable[[Any], torch.Tensor], chosen: TrainingSettings, count: int
) -> Labeled:
    """Made-up inputs of the shape that the network's tail takes."""
    rng = np.random.default_rng(0)
    shape = (len(chosen.durations), chosen.size, chosen.size)
    views = rng.integers(0, 255, (count, *shape), dtype=np.uint8)
    arrays: list[Any] = [np.stack([view, view]) for view in views]
    if not network.frozen.is_empty:
        with torch.inference_mode():
            kept = [to_tensor([view]).cpu().float().numpy() for view in views]
        arrays = [np.concatenate([one, one]) for one in kept]
    return Labeled(arrays, rng.integers(0, CLASSES, count), np.ones(count))


def _epoch(fitter: Fitter, epoch: int, device: str) -> float:
    started = time.perf_counter()
    fitter._epoch(epoch)
    _wait(torch.device(device))
    return time.perf_counter() - started


def _bare_steps(fitter: Fitter, minibatch: int, device: str) -> float:
    network, where = fitter.network, torch.device(device)
    optimizer = make_optimizer(network, fitter.settings)
    arrays = [array[0] for array in fitter.train.arrays[:minibatch]]
    x = fitter.maker.to_tensor(arrays)
    wanted = torch.from_numpy(fitter.train.columns[:minibatch]).to(where)
    network.train()
    _wait(where)
    started = time.perf_counter()
    for _ in range(STEPS):
        with autocast(where, fitter.stepper.precision):
            logits = network(x)
        functional.cross_entropy(logits.float(), wanted).backward()
        optimizer.step()
        optimizer.zero_grad()
    _wait(where)
    return time.perf_counter() - started


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()
