import numpy as np
import pytest
import torch

from ml.viridis import VIRIDIS
from ml.vision.errors import BadSettings
from ml.vision.networks.families import find_model
from ml.vision.networks.network import build_network
from ml.vision.recipes import settings_for
from ml.vision.recipes.settings import TrainingSettings


def preparation(**changes):
    return build_network(TrainingSettings(**changes), 2, pretrained=False).frozen.preparation


def test_the_mosaic_has_the_shortest_above_left_and_the_longest_below_right():
    arrange = preparation(
        layout="mosaic", durations=(0.5, 1.0, 2.0, 4.0), size=48, backbone="merged-view"
    ).arrange
    views = torch.stack([torch.full((2, 2), value) for value in (0.1, 0.2, 0.3, 0.4)])[None]
    corners = arrange(views)[0, 0, [0, 3, 0, 3], [0, 0, 3, 3]]
    assert corners.tolist() == pytest.approx([0.1, 0.2, 0.3, 0.4])


def test_colours_are_those_of_the_pictures():
    arrange = preparation(colours="viridis", durations=(2.0,)).arrange
    view = torch.tensor([[0.0, 0.2], [0.8, 1.0]])[None, None]
    seen = arrange(view)[0].permute(1, 2, 0).numpy() * 255
    assert np.allclose(seen.reshape(-1, 3), VIRIDIS[[0, 51, 204, 255]])


def test_each_sample_is_centred_and_scaled():
    prepare = preparation(normalisation="sample", durations=(2.0,))
    x = prepare(torch.rand(3, 1, 8, 8, generator=torch.Generator().manual_seed(0)))
    assert x.mean(dim=(1, 2, 3)).tolist() == pytest.approx([0.0] * 3, abs=1e-5)
    assert x.std(dim=(1, 2, 3)).tolist() == pytest.approx([1.0] * 3, abs=1e-5)
    assert torch.isfinite(prepare(torch.zeros(1, 1, 8, 8))).all()  # a blank picture


def test_the_mean_picture_of_mosaics_is_a_mosaic():
    prepare = preparation(
        layout="mosaic",
        durations=(0.5, 1.0, 2.0, 4.0),
        size=48,
        backbone="merged-view",
        trainable_blocks="all",
        normalisation="training mean",
    )
    views = torch.rand(2, 4, 48, 48, generator=torch.Generator().manual_seed(0))
    prepare.get_buffer("mean_picture").copy_(prepare.arrange(views[:1])[0])
    first, second = prepare(views)
    assert first.shape == (1, 96, 96)
    assert (first.abs().max().item(), second.abs().max().item() > 0) == (0.0, True)


IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
HALF = ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


@pytest.mark.parametrize(
    ("backbone", "scaling"),
    [
        ("resnet18", IMAGENET),
        # Their ImageNet weights come with transform_input: torchvision's own forward turns
        # ImageNet's scaling into this one.
        ("inception_v3", HALF),
        ("googlenet", HALF),
        ("timm:tf_efficientnet_lite0", HALF),
        ("timm:resnet18", IMAGENET),
    ],
)
def test_each_network_knows_the_scaling_its_weights_were_trained_with(backbone, scaling):
    found = find_model(backbone)
    assert (found.scaling.mean, found.scaling.std) == scaling


@pytest.mark.parametrize(
    ("changes", "seen"),
    [
        # (0.7 - mean) / deviation, by hand
        ({}, [(0.7 - 127 / 255) * 255 / 128]),
        ({"backbone": "resnet18"}, [(0.7 - 0.449) / 0.226]),
        ({"backbone": "inception_v3"}, [0.4]),
        ({"backbone": "merged-view", "size": 96}, [0.7]),
    ],
)
def test_grey_is_scaled_by_the_mean_over_the_colours(changes, seen):
    prepare = preparation(**changes)
    assert prepare(torch.full((1, 3, 1, 1), 0.7)).flatten().tolist() == pytest.approx(3 * seen)


def test_colours_are_scaled_each_by_its_own():
    first = torch.from_numpy(VIRIDIS[:1].astype(np.float32) / 255)  # (1, 3)
    for backbone, (mean, std) in (("resnet18", IMAGENET), ("inception_v3", HALF)):
        prepare = preparation(backbone=backbone, colours="viridis", durations=(2.0,))
        seen = prepare(torch.zeros(1, 1, 1, 1)).flatten()
        assert torch.allclose(seen, ((first - torch.tensor(mean)) / torch.tensor(std))[0])


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"colours": "viridis"}, "colours"),
        ({"layout": "mosaic"}, "layout"),
        ({"normalisation": "training mean"}, "normalisation"),
        ({"hidden": [8]}, "probe_strength"),
        ({"hidden": [0]}, "hidden"),
        ({"members": ["x"]}, "members"),
        ({"optimizer": "sgd"}, "optimizer"),
        ({"backbone": "merged-view", "size": 64}, "size"),
    ],
)
def test_what_does_not_go_together_is_named(changes, key):
    with pytest.raises(BadSettings) as caught:
        settings_for("nota-cpu", changes)
    assert caught.value.data["key"] == key
