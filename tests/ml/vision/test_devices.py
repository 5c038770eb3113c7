import os

import pytest

from ml.vision.devices import reader_count
from ml.vision.errors import BadSettings


@pytest.mark.parametrize(
    ("cores", "processes", "readers"), [(1, 1, 2), (2, 1, 2), (8, 1, 8), (64, 1, 16), (64, 8, 8)]
)
def test_a_reader_for_each_core_of_a_process(monkeypatch, cores, processes, readers):
    monkeypatch.delenv("NOTA_READERS", raising=False)
    monkeypatch.setenv("LOCAL_WORLD_SIZE", str(processes))  # as torchrun sets it
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(cores)))
    assert reader_count() == readers


def test_the_setting_counts_more_than_the_cores(monkeypatch):
    monkeypatch.setenv("NOTA_READERS", "5")
    assert reader_count() == 5


@pytest.mark.parametrize("wanted", ["0", "-1", "many", "1.5"])
def test_an_odd_number_of_readers_is_refused_by_name(monkeypatch, wanted):
    monkeypatch.setenv("NOTA_READERS", wanted)
    with pytest.raises(BadSettings, match="NOTA_READERS"):
        reader_count()
