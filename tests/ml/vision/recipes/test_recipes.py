"""Every recipe by its name: what its source says, and one epoch on a handful of pictures."""

import dataclasses

import numpy as np
import pytest
import torch

from ml.vision.errors import MissingWeights, UnknownRecipe
from ml.vision.networks.network import build_network
from ml.vision.networks.torchvision_door import import_timm
from ml.vision.prediction.classifier import Classifier
from ml.vision.recipes import RECIPES, settings_for
from ml.vision.training.train import train_classifier
from tests.ml.vision.conftest import make_set

# What fits into a test: a small picture, one epoch; for the two that would take a gigabyte, and
# that test_a_vgg_keeps_its_dense_layers looks at, another network behind the same recipe.
TINY = {
    "nota-cpu": {"size": 32},
    "nota-few": {"size": 32},
    "nota": {"size": 32, "backbone": "timm:convnext_atto"},
    "logistic-features": {"size": 32},
    "george-inception-v3": {"size": 80},
    "george-inception-v2": {"size": 32},
    "george-resnet50": {"size": 32},
    "george-vgg16": {"size": 32, "backbone": "mobilenet_v2"},
    "george-vgg19": {"size": 32, "backbone": "mobilenet_v2"},
    "spartificial-resnet50": {"size": 32},
    "merged-view-cnn": {"size": 48},
}
NEED_WEIGHTS = set(TINY) - {"nota-cpu", "nota-few", "logistic-features", "merged-view-cnn"}


@pytest.fixture
def no_download(monkeypatch):
    """No recipe fetches hundreds of megabytes in a test."""

    def refuse(*_arguments, **_options):
        raise OSError("no network")

    monkeypatch.delenv("NOTA_WEIGHTS", raising=False)
    import_timm()
    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", refuse)
    monkeypatch.setattr("timm.models._builder.load_pretrained", refuse)


def test_every_recipe_is_tried_here():
    assert set(TINY) | {"ensemble"} == set(RECIPES)


@pytest.mark.parametrize("name", TINY)
def test_a_recipe_trains_one_epoch_and_is_loaded_again(name, no_download, tmp_path):
    training_set = make_set(tmp_path, train=4, validation=2, test=2)
    epochs = min(1, RECIPES[name].settings.epochs)
    changes = {"epochs": epochs, "weights": "imagenet or random"}
    if name == "merged-view-cnn":
        changes["weights"] = "random"
    settings = settings_for(name, {**TINY[name], **changes})
    model = train_classifier(training_set, settings, tmp_path / "run", tmp_path / "cache")
    assert [row["epoch"] for row in model.history] == list(range(epochs + 1))
    assert np.isfinite([row["train_loss"] for row in model.history]).all()
    assert any("random weights" in note for note in model.notes) == (name in NEED_WEIGHTS)
    classifier = Classifier.load(model.weights)
    pictures = [example.pictures for example in training_set.test]
    first = classifier.predict(pictures, tmp_path / "cache")
    assert first.shape == (4, 2)
    assert first.sum(axis=1) == pytest.approx(1.0, abs=1e-5)
    features = classifier.features(pictures, tmp_path / "cache")
    assert features.shape == (4, classifier._network.classifier.in_features)


@pytest.mark.parametrize("name", sorted(NEED_WEIGHTS))
def test_absent_weights_are_refused_with_the_place_for_them(name, no_download, tmp_path):
    settings = settings_for(name)
    with pytest.raises(MissingWeights, match=r"Put \w+\.pth into the folder"):
        train_classifier(
            make_set(tmp_path, train=1, validation=0, test=1),
            dataclasses.replace(settings, size=32),
            tmp_path / "run",
            tmp_path / "cache",
        )


@pytest.mark.parametrize(
    ("recipe", "changes"), [("logistic-features", {}), ("nota-cpu", {"epochs": 0})]
)
def test_a_baseline_on_random_features_is_refused(recipe, changes, no_download, tmp_path):
    random = {"backbone": "resnet18", "weights": "imagenet or random", "size": 32}
    settings = settings_for(recipe, random | changes)
    with pytest.raises(MissingWeights, match="no baseline"):
        train_classifier(make_set(tmp_path), settings, tmp_path / "run", tmp_path / "cache")


def test_an_unknown_recipe_names_its_neighbours():
    with pytest.raises(UnknownRecipe, match="george-vgg19"):
        settings_for("george-vgg-19")


@pytest.mark.parametrize(
    ("name", "backbone", "durations", "size", "optimizer", "rate"),
    [
        ("george-inception-v3", "inception_v3", (1.0, 2.0, 4.0), 299, "adam", 1e-4),
        ("george-inception-v2", "googlenet", (1.0, 2.0, 4.0), 224, "adam", 1e-4),
        ("george-resnet50", "resnet50", (2.0,), 224, "adagrad", 1e-4),
        ("george-vgg16", "vgg16", (2.0,), 224, "adagrad", 1e-4),
        ("george-vgg19", "vgg19", (2.0,), 224, "adagrad", 1e-4),
    ],
)
def test_table_b(name, backbone, durations, size, optimizer, rate):
    settings = settings_for(name)
    assert (settings.backbone, settings.durations, settings.size) == (backbone, durations, size)
    assert (settings.optimizer, settings.learning_rate) == (optimizer, rate)
    assert settings.trainable_blocks == "all"
    assert settings.input_dropout > 0 < settings.dropout
    single = len(durations) == 1
    assert settings.epsilon == (1e-6 if single else 1e-8)
    assert settings.augmentation == ("shift and zoom" if single else "none")
    assert settings.normalisation == ("training mean" if single else "backbone")


def test_a_vgg_keeps_its_dense_layers():
    with torch.device("meta"):
        network = build_network(settings_for("george-vgg16", {"weights": "random"}), 22)
    assert network.classifier.weight.shape == (22, 4096)
    assert len([one for one in network.tail.modules() if isinstance(one, torch.nn.Linear)]) == 2
    assert len([one for one in network.tail.modules() if isinstance(one, torch.nn.Conv2d)]) == 13


def test_table_c():
    network = build_network(settings_for("spartificial-resnet50", {"weights": "random"}), 22)
    kinds = [type(layer).__name__ for layer in network.hidden]
    assert kinds == ["BatchNorm1d", "Linear", "ReLU", "BatchNorm1d", "Linear", "ReLU"]
    assert network.classifier.weight.shape == (22, 128)
    assert len(network.tail) == 3  # conv5_x


def test_the_merged_view_has_four_convolutions():
    network = build_network(settings_for("merged-view-cnn"), 22)
    convolutions = [one for one in network.tail.modules() if isinstance(one, torch.nn.Conv2d)]
    assert [(one.out_channels, one.kernel_size) for one in convolutions] == [
        (16, (5, 5)),
        (32, (5, 5)),
        (64, (5, 5)),
        (64, (5, 5)),
    ]
    assert network.classifier.weight.shape == (22, 256)
