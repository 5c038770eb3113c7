"""The mix of streams: what is drawn, and what is refused."""

import numpy as np
import pytest

from ml.query.streams import BadSelection, Selection


def test_the_shares_are_what_is_drawn():
    selection = Selection(batch=0.2, active=0.3, audit=0.1)
    drawn = [selection.draw(u) for u in (np.arange(1000) + 0.5) / 1000]
    counts = {stream: drawn.count(stream) for stream in ("batch", "active", "audit", "pool")}
    assert counts == {"batch": 200, "active": 300, "audit": 100, "pool": 400}


def test_all_may_be_given_to_one():
    assert {Selection(batch=1, active=0, audit=0).draw(u) for u in (0.0, 0.9999)} == {"batch"}


@pytest.mark.parametrize(
    ("plain", "key"),
    [
        ([], "selection"),
        (None, "selection"),
        ({"gold": 0.1}, "gold"),
        ({"batch": -0.1}, "batch"),
        ({"audit": 1.1}, "audit"),
        ({"active": "half"}, "active"),
        ({"active": True}, "active"),
        ({"active": float("nan")}, "active"),
        ({"active": 0.9}, "batch"),  # with the others' defaults more than 1
        ({"uncertainty": "guess"}, "uncertainty"),
        ({"uncertainty": ["entropy"]}, "uncertainty"),
        ({"route_by_skill": 1}, "route_by_skill"),
    ],
)
def test_what_cannot_be_is_refused_by_its_key(plain, key):
    with pytest.raises(BadSelection) as refused:
        Selection.from_dict(plain)
    assert refused.value.key == key
    assert str(refused.value).startswith(f"{key}: ")


def test_there_and_back():
    selection = Selection(batch=0.1, active=0.2, audit=0.3, uncertainty="margin")
    assert Selection.from_dict(selection.to_dict()) == selection
    assert Selection.from_dict({}) == Selection()
