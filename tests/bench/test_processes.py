import pytest
import torch

from bench.processes import apart


def test_apart_is_a_share_of_the_way():
    start = {"a": torch.zeros(2), "b": torch.ones(1)}
    first = {"a": torch.tensor([3.0, 0.0]), "b": torch.tensor([5.0])}  # 3 and 4: 5 away
    assert apart(start, first, first) == 0.0
    other = {"a": torch.tensor([3.0, 0.3]), "b": torch.tensor([5.4])}  # .3 and .4: .5 away
    assert apart(start, first, other) == pytest.approx(0.1)
