"""What goes wrong while a network trains: little memory, a full disk, odd data."""

import dataclasses
import subprocess
import sys
import textwrap

import numpy as np
import pytest
import torch

from ml.vision.errors import DamagedWeights, OutOfMemory
from ml.vision.inputs.dataset import Example, TrainingSet
from ml.vision.memory import with_less_memory
from ml.vision.networks import network as networks
from ml.vision.networks.model_file import ModelFile
from ml.vision.prediction.classifier import Classifier
from ml.vision.training.train import train_classifier
from ml.vision.training.world import synchronise_norms
from tests.ml.vision.conftest import make_set


def holding_at_most(count, monkeypatch):
    """A device whose memory holds the activations of ``count`` pictures."""
    plain = networks.GlitchNetwork.forward

    def forward(self, activations):
        if self.dropout.training and len(activations) > count:
            raise torch.OutOfMemoryError(f"{len(activations)} pictures are too many")
        return plain(self, activations)

    monkeypatch.setattr(networks.GlitchNetwork, "forward", forward)


def test_out_of_memory_halves_the_minibatch_and_says_so(
    training_set, recipe, tmp_path, monkeypatch
):
    settings = dataclasses.replace(recipe, dropout=0.0, epochs=1)
    cache = tmp_path / "cache"
    plenty = train_classifier(training_set, settings, tmp_path / "plenty", cache)
    holding_at_most(2, monkeypatch)
    little = train_classifier(training_set, settings, tmp_path / "little", cache)
    assert [note.split(" parts")[0].split()[-1] for note in little.notes] == ["2", "4"]
    assert little.history[1]["train_loss"] == pytest.approx(plenty.history[1]["train_loss"])


def test_not_even_one_picture_at_a_time(training_set, recipe, tmp_path, monkeypatch):
    holding_at_most(0, monkeypatch)
    with pytest.raises(OutOfMemory, match="train on the CPU"):
        train_classifier(training_set, recipe, tmp_path / "run", tmp_path / "cache")


NORMS = {"hidden": (8,), "hidden_norms": True, "probe_strength": 0.0, "dropout": 0.0, "epochs": 1}


@pytest.mark.parametrize(
    ("fit_at_once", "changes", "parts"),
    [
        # 12 glitches are two minibatches of six: cut in three at most
        (6, {}, []),
        (6, {"accumulate": 64}, []),
        (2, {}, ["2", "4"]),
        (2, {"minibatch": 1}, []),  # six minibatches of two
    ],
)
def test_batch_norms_that_learn_see_two_pictures_at_least(
    training_set, recipe, tmp_path, monkeypatch, fit_at_once, changes, parts
):
    holding_at_most(fit_at_once, monkeypatch)
    settings = dataclasses.replace(recipe, **NORMS | changes)
    model = train_classifier(training_set, settings, tmp_path / "run", tmp_path / "cache")
    assert [note.split(" parts")[0].split()[-1] for note in model.notes] == parts
    assert all("Batch norms see a part at a time" in note for note in model.notes)
    assert np.isfinite(model.history[1]["train_loss"])


def test_where_batch_norms_learn_not_even_two_pictures_fit(
    training_set, recipe, tmp_path, monkeypatch
):
    holding_at_most(1, monkeypatch)
    settings = dataclasses.replace(recipe, **NORMS)
    with pytest.raises(OutOfMemory, match="train on the CPU"):
        train_classifier(training_set, settings, tmp_path / "run", tmp_path / "cache")


@pytest.mark.parametrize(
    ("changes", "fewest"),
    [
        ({}, 1),  # ImageNet's statistics are kept
        ({"train_norms": True}, 2),
        ({"train_norms": True, "trainable_blocks": 0}, 1),  # nothing of the backbone learns
        (NORMS, 2),
        (NORMS | {"hidden_norms": False}, 1),
        ({"backbone": "convnext_tiny", "weights": "random", "train_norms": True}, 1),  # layer norms
    ],
)
def test_what_a_step_needs(recipe, changes, fewest):
    network = networks.build_network(dataclasses.replace(recipe, **changes), 2)
    assert network.fewest_pictures == fewest


@pytest.mark.parametrize("backbone", ["resnet18", "timm:resnet18", "timm:tf_efficientnet_lite0"])
def test_norms_of_all_processes_are_the_same_but_for_their_statistics(recipe, backbone):
    settings = dataclasses.replace(
        recipe, backbone=backbone, weights="random", trainable_blocks="all", train_norms=True
    )
    network = networks.build_network(settings, 2)
    x = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    before, owned = network(x), [id(one) for one in network.parameters()]
    synchronise_norms(network)
    network.eval()
    kinds = {type(one).__name__ for one in network.modules() if "BatchNorm" in type(one).__name__}
    assert all(kind.startswith("SyncBatchNorm") for kind in kinds)
    assert torch.allclose(network(x), before)
    assert [id(one) for one in network.parameters()] == owned  # the optimiser's


def test_work_is_cut_until_it_fits():
    def work(parts):
        if parts < 8:
            raise torch.OutOfMemoryError("too large")
        return parts

    assert with_less_memory(work) == 8


FULL_DISK = """
    import errno, os, sys
    from pathlib import Path
    sys.path[:0] = ["."]
    from ml.vision.training.checkpoint import Checkpoints
    from ml.vision.errors import DiskFull

    folder = Path({folder!r})
    checkpoints = Checkpoints(folder, "x")
    checkpoints.save(0, {{"small": 1}})
    def no_room(handle):
        raise OSError(errno.ENOSPC, "No space left on device")
    os.fsync = no_room
    try:
        checkpoints.save(1, {{"large": 2}})
    except DiskFull as error:
        print(error)
"""


def test_a_full_disk_keeps_the_last_checkpoint(tmp_path):
    code = textwrap.dedent(FULL_DISK.format(folder=str(tmp_path)))
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "No room for" in said.stdout
    assert "make room" in said.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint-0000.pt"]


def test_a_class_with_one_example_is_learned_all_the_same(tmp_path, recipe):
    whole = make_set(tmp_path, train=4)
    train = [one for one in whole.train if one.label == "blip"] + [
        one for one in whole.train if one.label == "line"
    ][:1]
    for sampling in ("as they are", "balanced"):
        settings = dataclasses.replace(recipe, epochs=1, sampling=sampling)
        lone = TrainingSet(whole.classes, train, whole.validation, whole.test)
        folder = tmp_path / sampling.replace(" ", "-")
        model = train_classifier(lone, settings, folder, tmp_path / "cache")
        assert np.isfinite(model.history[-1]["train_loss"])


def test_weights_of_another_class_list_are_refused(training_set, recipe, tmp_path):
    settings = dataclasses.replace(recipe, epochs=0)
    model = train_classifier(training_set, settings, tmp_path / "run", tmp_path / "cache")
    file = ModelFile.read(model.weights)
    other = dataclasses.replace(file, classes=("a", "b", "c"))
    other.write(tmp_path / "other.pt")
    with pytest.raises(DamagedWeights, match="does not fit"):
        Classifier.load(tmp_path / "other.pt")


class Stop(Exception):
    pass


@pytest.mark.parametrize(
    "changes",
    [
        {"ema": 0.9},
        {"optimizer": "adagrad", "schedule": "plateau"},
        {"optimizer": "rmsprop", "sampling": "balanced"},
        {"trainable_blocks": "all", "augmentation": "shift and zoom", "train_norms": True},
        {"soft_targets": True, "optimizer": "adadelta", "accumulate": 2},
    ],
)
def test_every_state_survives_a_stop(changes, tmp_path, recipe):
    settings = dataclasses.replace(recipe, epochs=2, **changes)
    plain = make_set(tmp_path, train=4, validation=2)
    soft = [
        Example(one.pictures, one.label, 1.0, {one.label: 0.6, "line": 0.4}) for one in plain.train
    ]
    training_set = dataclasses.replace(plain, train=soft)
    cache = tmp_path / "cache"
    whole = train_classifier(training_set, settings, tmp_path / "whole", cache)

    def stop(report):
        if report.epoch == 1:
            raise Stop

    with pytest.raises(Stop):
        train_classifier(training_set, settings, tmp_path / "run", cache, stop)
    resumed = train_classifier(training_set, settings, tmp_path / "run", cache)
    assert resumed.sha256 == whole.sha256
