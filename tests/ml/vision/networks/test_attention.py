import numpy as np
import pytest
import torch

from ml.vision.networks.attention import DurationAttention, are_present
from ml.vision.networks.network import build_network
from ml.vision.recipes import settings_for


def test_a_duration_is_missing_where_all_is_zero():
    x = torch.zeros(2, 2, 4, 4)
    x[0, 1, 2, 3] = 0.5
    assert are_present(x).tolist() == [[False, True], [False, False]]


def test_weights_are_shared_among_those_that_are_there():
    torch.manual_seed(0)
    attention = DurationAttention(features=5, durations=3)
    h = torch.randn(2, 3, 5)
    present = torch.tensor([[True, False, True], [False, False, False]])
    weights = attention.weights(h, present)
    assert weights.sum(dim=1).tolist() == pytest.approx([1.0, 1.0])
    assert weights[0, 1] == 0
    assert (weights[1] > 0).all()  # of nothing at all, something must be made
    alone = attention(h, torch.tensor([[False, True, False]] * 2))
    assert torch.allclose(alone, h[:, 1])


@pytest.mark.parametrize("blocks", ["all", 1, 0])
def test_what_a_missing_duration_would_show_has_no_say(blocks):
    """Frozen or not, the network sees a blank duration as absent."""
    settings = settings_for(
        "nota", {"backbone": "efficientnet-lite0", "size": 32, "trainable_blocks": blocks}
    )
    network = build_network(settings, 3)
    views = torch.rand(1, 4, 32, 32, generator=torch.Generator().manual_seed(0))
    views[:, 1:] = 0
    with torch.inference_mode():
        activations = network.frozen(views)
        whole = network.features(activations)
        each = network.frozen(views.expand(1, 4, 32, 32)[:, :1].repeat(1, 4, 1, 1))
        same = network.features(each)
    assert activations.shape[:2] == (1, 4)
    assert np.allclose(whole, same, atol=1e-4)
