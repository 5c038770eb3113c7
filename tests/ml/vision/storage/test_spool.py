"""Arrays that lie in a file without a name."""

import errno
import os
from pathlib import Path

import numpy as np
import pytest

from ml.vision.storage import spool as spooling
from ml.vision.storage.spool import Spool


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(spooling, "BLOCK", 4096)


ARRAYS = [
    np.arange(6, dtype=np.uint8).reshape(2, 3),
    np.arange(3000, dtype=np.float32),  # larger than a block
    np.arange(1000, dtype=np.uint16)[::2],  # not contiguous
    np.zeros((0, 4), np.float32),
    np.arange(7, dtype=np.int64),
]


def test_arrays_come_back_after_the_spool_is_closed(tmp_path, small_blocks):
    with Spool(tmp_path) as spool:
        kept = [spool.keep(array) for array in ARRAYS * 3]
    for array, same in zip(ARRAYS * 3, kept, strict=True):
        assert same.dtype == array.dtype
        assert np.array_equal(same, array)


def test_what_is_kept_is_mapped_and_read_only(tmp_path):
    with Spool(tmp_path) as spool:
        kept = spool.keep(np.arange(5))
    assert not kept.flags.writeable
    assert not kept.flags.owndata


def test_no_name_is_left_in_the_folder_even_while_it_is_in_use(tmp_path):
    with Spool(tmp_path / "cache") as spool:
        kept = spool.keep(np.arange(5))
        assert list((tmp_path / "cache").iterdir()) == []
        assert kept.tolist() == [0, 1, 2, 3, 4]


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def test_open_files_do_not_grow_with_the_arrays(tmp_path):
    before = open_files()
    with Spool(tmp_path) as spool:
        kept = [spool.keep(np.full(1000, number)) for number in range(500)]
        assert open_files() <= before + 3
    assert [int(array[0]) for array in kept] == list(range(500))
    del kept
    assert open_files() <= before


def test_on_a_full_disk_arrays_stay_in_memory(tmp_path, monkeypatch, small_blocks):
    real, left = os.pwrite, [100]

    def pwrite(file, data, at):
        """Room for 100 bytes, of which a write gets what is left."""
        if not left[0]:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written = real(file, data[: left[0]], at)
        left[0] -= written
        return written

    monkeypatch.setattr(os, "pwrite", pwrite)
    with Spool(tmp_path) as spool:
        fits, cut, refused = (spool.keep(np.arange(n, n + 9)) for n in (0, 10, 20))
    assert fits.tolist() == list(range(9))
    assert cut.tolist() == list(range(10, 19))
    assert refused.tolist() == list(range(20, 29))
    assert [array.flags.owndata for array in (fits, cut, refused)] == [False, True, True]


def test_a_folder_that_cannot_be_written_does_no_harm(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with Spool(tmp_path / "file") as spool:
        assert spool.keep(np.arange(3)).tolist() == [0, 1, 2]
