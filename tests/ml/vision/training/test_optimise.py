import math

import pytest
import torch

from ml.vision.networks.network import build_network
from ml.vision.recipes.settings import TrainingSettings
from ml.vision.training.optimise import RunningMean, make_optimizer, plateau_factor, rate_factor


@pytest.mark.parametrize(
    ("losses", "factor"),
    [
        ([], 1.0),
        ([3, 2, 1], 1.0),
        ([1, 2, 2], 1.0),
        ([1, 2, 2, 2], 0.2),  # three epochs without a better one
        ([1, 2, 2, 0.5, 2, 2], 1.0),
        ([1, 2, 2, 2, 2, 2, 2], 0.04),
        ([math.nan] * 9, 1.0),  # without validation nothing is known of a plateau
    ],
)
def test_a_plateau_costs_four_fifths_of_the_rate(losses, factor):
    assert plateau_factor(losses) == pytest.approx(factor)


def test_schedules():
    cosine, constant, plateau = (
        TrainingSettings(schedule=name) for name in ("cosine", "constant", "plateau")
    )
    assert [rate_factor(cosine, done, []) for done in (0, 0.5, 1)] == pytest.approx([1, 0.5, 0])
    assert rate_factor(constant, 0.7, [1, 2, 3, 4, 5]) == 1
    assert rate_factor(plateau, 0.7, [1, 2, 3, 4]) == pytest.approx(0.2)


def test_a_warm_up_grows_in_line_before_the_schedule_begins():
    """One of four epochs: half of it half of the rate, then the whole cosine over the others."""
    cosine = TrainingSettings(schedule="cosine", epochs=4, warmup=1)
    factors = [rate_factor(cosine, done, []) for done in (0, 0.125, 0.25, 0.625, 1)]
    assert factors == pytest.approx([0, 0.5, 1, 0.5, 0])


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("adagrad", torch.optim.Adagrad),
        ("adam", torch.optim.Adam),
        ("adamw", torch.optim.AdamW),
        ("rmsprop", torch.optim.RMSprop),
        ("adadelta", torch.optim.Adadelta),
    ],
)
def test_optimisers_take_their_rates_and_epsilon(name, kind):
    settings = TrainingSettings(
        optimizer=name, epsilon=1e-6, learning_rate=0.01, head_learning_rate=0.02, size=32
    )
    optimizer = make_optimizer(build_network(settings, 2, pretrained=False), settings)
    assert type(optimizer) is kind
    assert [group["lr"] for group in optimizer.param_groups] == [0.02, 0.01]
    assert {group["eps"] for group in optimizer.param_groups} == {1e-6}


def test_the_running_mean_by_hand():
    """Decays of 1/10 and 2/11: 0 -> 0.9 * 1, then 2/11 of that and 9/11 of 3."""
    network = torch.nn.Linear(1, 1, bias=False)
    with torch.no_grad():
        network.weight.fill_(0.0)
        mean = RunningMean(network, 0.99)
        for value in (1.0, 3.0):
            network.weight.fill_(value)
            mean.update(network)
    expected = 2 / 11 * 0.9 + 9 / 11 * 3.0
    mean.swap(network)
    assert network.weight.item() == pytest.approx(expected)
    mean.swap(network)
    assert network.weight.item() == 3.0
