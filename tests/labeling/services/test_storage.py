"""Files appear whole or not at all; a disk that refuses them is told."""

import errno
import os

import pytest

from labeling.errors import UnavailableError
from labeling.services.storage import write_whole


def test_a_file_appears_whole_and_anew(tmp_path):
    path = tmp_path / "folder" / "a.png"
    for data in (b"one", b"another"):
        write_whole(path, data)
        assert path.read_bytes() == data
    assert list(path.parent.iterdir()) == [path]


def test_a_full_disk_is_a_refusal_and_leaves_no_half(tmp_path, monkeypatch):
    def full(_descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UnavailableError, match="disk is full") as refusal:
        write_whole(tmp_path / "a.png", b"one")
    assert (refusal.value.code, refusal.value.http_status) == ("no_room", 503)
    assert not any(tmp_path.iterdir())
