import numpy as np
import pytest
import torch

from ml.pictures import VIRIDIS
from ml.vision.errors import BadSettings
from ml.vision.network import build_network
from ml.vision.recipes import settings_for
from ml.vision.settings import TrainingSettings


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
