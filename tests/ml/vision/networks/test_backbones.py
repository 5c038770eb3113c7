import socket
import threading
import urllib.request

import pytest
import torch
from safetensors.torch import save_file

from ml.vision.errors import BadSettings, DamagedWeights, MissingWeights, UnknownBackbone
from ml.vision.networks import families
from ml.vision.networks.backbones import create_backbone, lacks_weights, pool
from ml.vision.networks.families import ImageNetModel, find_model
from ml.vision.networks.lite0 import (
    build_steps,
    fold_batch_norms,
    load_packaged_weights,
    same_padding,
)
from ml.vision.networks.network import build_network
from ml.vision.recipes import settings_for


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "padding"),
    [(224, 3, 2, (0, 1)), (112, 5, 2, (1, 2)), (7, 3, 1, (1, 1)), (7, 5, 2, (2, 2))],
)
def test_same_padding_like_tensorflow(size, kernel, stride, padding):
    assert same_padding(size, kernel, stride) == padding


def test_lite0_is_the_network_its_weights_were_trained_for():
    """Against timm's own EfficientNet-Lite0 with the same weights: equal features."""
    ours = create_backbone("efficientnet-lite0").steps
    found = find_model("timm:tf_efficientnet_lite0")
    assert isinstance(found, ImageNetModel)
    theirs = found.network.eval()
    theirs.load_state_dict(
        dict(zip(theirs.state_dict(), ours.state_dict().values(), strict=True)), strict=True
    )
    x = torch.rand(1, 3, 96, 96, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        assert torch.allclose(pool(ours(x)), theirs(x), atol=1e-4)


def test_folding_batch_norms_changes_nothing():
    steps = build_steps()
    load_packaged_weights(steps)
    steps.eval()
    x = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        before = steps(x)
        fold_batch_norms(steps)
        assert torch.allclose(steps(x), before, atol=1e-3)


def test_grey_pictures_in_one_channel_equal_grey_repeated():
    three = create_backbone("efficientnet-lite0").steps
    one = create_backbone("efficientnet-lite0", channels=1).steps
    x = torch.rand(1, 1, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        assert torch.allclose(one(x), three(x.expand(1, 3, 64, 64)), atol=1e-4)


def test_four_channels_are_taken():
    steps = create_backbone("efficientnet-lite0", channels=4).steps
    with torch.inference_mode():
        assert pool(steps(torch.zeros(2, 4, 64, 64))).shape == (2, 1280)


@pytest.mark.parametrize(
    ("name", "steps", "closing", "features"),
    [
        ("resnet18", 9, 0, 512),
        ("mobilenet_v2", 19, 1, 1280),
        ("timm:resnet18", 9, 0, 512),
        ("timm:tf_efficientnet_lite0", 18, 1, 1280),
        ("timm:vit_tiny_patch16_224", 1, 0, 192),
    ],
)
def test_other_families_become_steps(name, steps, closing, features):
    backbone = create_backbone(name, pretrained=False)
    assert (len(backbone.steps), backbone.closing_steps) == (steps, closing)
    assert backbone.feature_size == features


def test_an_unknown_name_is_refused_with_a_hint():
    with pytest.raises(UnknownBackbone, match="efficientnet-lite0"):
        create_backbone("efficientnet-lite")


@pytest.fixture
def no_download(monkeypatch):
    found = find_model("mobilenet_v2")
    assert isinstance(found, ImageNetModel)

    def refuse():
        raise OSError("no network")

    found.download = refuse
    monkeypatch.setattr("ml.vision.networks.backbones.find_model", lambda name: found)
    return found


def test_weights_come_from_the_folder(no_download, tmp_path, monkeypatch):
    state = families.find_model("mobilenet_v2").network.state_dict()
    torch.save(state, tmp_path / "mobilenet_v2.pth")
    monkeypatch.setenv("NOTA_WEIGHTS", str(tmp_path))
    backbone = create_backbone("mobilenet_v2")
    first = next(iter(backbone.steps.state_dict().values()))
    assert torch.equal(first, state["features.0.0.weight"])


def test_missing_weights_say_what_to_do(no_download, tmp_path, monkeypatch):
    monkeypatch.delenv("NOTA_WEIGHTS", raising=False)
    with pytest.raises(MissingWeights, match=r"Put mobilenet_v2\.pth"):
        create_backbone("mobilenet_v2", tmp_path)


@pytest.fixture
def silent_hub(monkeypatch, tmp_path):
    """All that is downloaded is asked of a server that takes connections and never answers."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.delenv("NOTA_WEIGHTS", raising=False)
    with socket.create_server(("127.0.0.1", 0)) as server:
        for name in ("https_proxy", "HTTPS_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{server.getsockname()[1]}")
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setattr(urllib.request, "_opener", None)  # it keeps the proxies of before
        # A download that would wait for ever ends too, but not for lack of patience.
        hang_up = threading.Timer(60, server.close)
        hang_up.start()
        yield
        hang_up.cancel()


def test_a_hub_that_never_answers_has_no_weights(silent_hub, monkeypatch):
    monkeypatch.setattr("ml.vision.networks.weights.HUB_SECONDS", 0.2)
    with pytest.raises(MissingWeights, match=r"timed out.*Put mobilenet_v2\.pth") as caught:
        create_backbone("mobilenet_v2")
    assert caught.value.code == "missing_weights"
    assert socket.getdefaulttimeout() is None


def test_random_weights_are_asked_of_no_hub(no_download):
    changes = {"backbone": "mobilenet_v2", "weights": "random", "trainable_blocks": "all"}
    build_network(settings_for("nota", changes), classes=2)


def test_damaged_and_foreign_weights_are_refused(no_download, tmp_path):
    (tmp_path / "mobilenet_v2.pth").write_bytes(b"no weights")
    with pytest.raises(DamagedWeights):
        create_backbone("mobilenet_v2", tmp_path)
    torch.save({"conv.weight": torch.zeros(3)}, tmp_path / "mobilenet_v2.pth")
    with pytest.raises(DamagedWeights, match="another network"):
        create_backbone("mobilenet_v2", tmp_path)


def test_a_truncated_safetensors_file_is_damaged(no_download, tmp_path):
    save_file({"features.0.0.weight": torch.zeros(32, 3, 3, 3)}, tmp_path / "whole")
    data = (tmp_path / "whole").read_bytes()
    (tmp_path / "mobilenet_v2.safetensors").write_bytes(data[:-1])
    with pytest.raises(DamagedWeights, match="cannot be read"):
        create_backbone("mobilenet_v2", tmp_path)


def test_a_tensor_alone_is_no_file_of_weights(no_download, tmp_path):
    torch.save(torch.zeros(3), tmp_path / "mobilenet_v2.pth")
    with pytest.raises(DamagedWeights, match="holds no tensors by name"):
        create_backbone("mobilenet_v2", tmp_path)


def test_tensors_of_other_shapes_are_another_networks(no_download, tmp_path):
    """As those of a wider network with the same names: half of the layers would stay random."""
    state = no_download.network.state_dict()
    wider = torch.zeros(64, 3, 3, 3)
    torch.save({**state, "features.0.0.weight": wider}, tmp_path / "mobilenet_v2.pth")
    with pytest.raises(DamagedWeights, match=r"'features\.0\.0\.weight' first"):
        create_backbone("mobilenet_v2", tmp_path)


@pytest.mark.parametrize(
    ("weights", "has_file", "lacks"),
    [
        ("imagenet", False, "Put mobilenet_v2.pth into the folder"),
        ("imagenet", True, ""),
        ("imagenet or random", False, ""),
    ],
)
def test_what_a_training_lacks_is_known_before_it_begins(
    no_download, tmp_path, monkeypatch, weights, has_file, lacks
):
    monkeypatch.setenv("NOTA_WEIGHTS", str(tmp_path))
    if has_file:
        torch.save(no_download.network.state_dict(), tmp_path / "mobilenet_v2.pth")
    words = lacks_weights(settings_for("nota", {"backbone": "mobilenet_v2", "weights": weights}))
    assert lacks in words
    assert bool(words) == bool(lacks)


@pytest.mark.parametrize(
    ("name", "channels", "side"),
    [
        ("inception_v3", 3, 64),  # its last pooling has nothing left to pool
        ("vit_b_16", 1, 128),  # knows the places of 224 x 224 alone
        ("timm:vit_tiny_patch16_384", 3, 224),
        ("timm:naflexvit_base_patch16_gap", 1, 224),  # no convolution to give one channel to
    ],
)
def test_pictures_that_a_network_cannot_take_are_refused_with_their_size(name, channels, side):
    with pytest.raises(BadSettings, match=f"{side} x {side} with {channels} channels") as caught:
        create_backbone(name, channels=channels, side=side, pretrained=False)
    assert caught.value.data["key"] == "size"


@pytest.mark.parametrize(
    ("name", "side", "features"),
    [("timm:vit_tiny_patch16_384", 384, 192), ("timm:legacy_seresnet18", 64, 512)],
)
def test_what_a_network_was_made_for_it_takes(name, side, features):
    backbone = create_backbone(name, channels=1, side=side, pretrained=False)
    assert backbone.feature_size == features
