import errno
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from ml.vision.storage.store import ArrayStore, hash_of, write_atomically

ROOT = Path(__file__).resolve().parents[4]


def test_hashes_depend_on_every_part_and_on_their_borders():
    assert hash_of("a", 1) == hash_of("a", 1)
    assert len({hash_of("ab", "c"), hash_of("a", "bc"), hash_of("a"), hash_of("a", 1)}) == 4


def test_an_array_comes_back(tmp_path):
    store = ArrayStore(tmp_path)
    store.put("abc", np.arange(6).reshape(2, 3))
    assert store.get("abc").tolist() == [[0, 1, 2], [3, 4, 5]]
    assert store.get("abd") is None


def test_a_damaged_entry_counts_as_missing_and_is_dropped(tmp_path):
    store = ArrayStore(tmp_path)
    store.put("abc", np.arange(600))
    path = store.path("abc")
    path.write_bytes(path.read_bytes()[:200])
    assert store.get("abc") is None
    assert not path.exists()


@pytest.mark.parametrize(
    ("sound", "damaged"),
    [(b"(600,)", b"(600, "), (b"(600,)", b"(-60,)"), (b"'shape'", b"b'hape'"), (b"\x93N", b"PK")],
)
def test_so_does_one_whose_header_is(tmp_path, sound, damaged):
    """numpy raises something else for each."""
    store = ArrayStore(tmp_path)
    store.put("abc", np.arange(600))
    path = store.path("abc")
    data = path.read_bytes()
    assert data.count(sound) == 1
    path.write_bytes(data.replace(sound, damaged))
    assert store.get("abc") is None
    assert not path.exists()


def test_a_folder_that_cannot_be_written_does_no_harm(tmp_path):
    (tmp_path / "file").write_text("in the way")
    store = ArrayStore(tmp_path / "file")
    store.put("abc", np.arange(3))
    assert store.get("abc") is None


def test_an_entry_of_another_user_is_used_all_the_same(tmp_path, monkeypatch):
    """Its use cannot be marked; a container's next image may run as another user."""
    store = ArrayStore(tmp_path)
    store.put("abc", np.arange(3))

    def refuse(path):
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr("ml.vision.storage.store.os.utime", refuse)
    assert store.get("abc").tolist() == [0, 1, 2]
    assert store.path("abc").exists()


def test_pruning_forgets_what_was_unused_for_longest(tmp_path):
    store = ArrayStore(tmp_path)
    for age, key in enumerate(["new", "middle", "old"]):
        store.put(key, np.zeros(100, np.uint8))
        os.utime(store.path(key), (1000 - age, 1000 - age))
    size = store.path("new").stat().st_size
    assert store.prune(2 * size) == size
    assert [store.path(key).exists() for key in ("new", "middle", "old")] == [True, True, False]


def test_pruning_clears_up_after_a_killed_writer_and_leaves_other_files(tmp_path):
    store = ArrayStore(tmp_path)
    store.put("abc", np.zeros(100, np.uint8))
    left, written_now = (tmp_path / "ab" / f".abc.{n}.part" for n in ("old", "new"))
    thumbnail = tmp_path / "thumbnails" / "ab" / "abc.webp"
    thumbnail.parent.mkdir(parents=True)
    for path in (left, written_now, thumbnail):
        path.write_bytes(b"12345")
    os.utime(left, (1000, 1000))
    assert store.prune(10**6) == 5
    assert [path.exists() for path in (left, written_now, thumbnail)] == [False, True, True]
    store.prune(0)
    assert [path.exists() for path in (written_now, thumbnail)] == [True, True]
    assert store.get("abc") is None


def test_the_first_rows_alone_are_read(tmp_path):
    store = ArrayStore(tmp_path)
    store.put("abc", np.arange(6).reshape(3, 2))
    got = store.get("abc", first=2)
    assert got.tolist() == [[0, 1], [2, 3]]
    assert got.flags.owndata  # no file stays open
    assert len(store.get("abc", first=9)) == 3


def test_a_full_disk_leaves_nothing_half_written(tmp_path, monkeypatch):
    def save(file, array, **options):
        file.write(b"half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(np, "save", save)
    store = ArrayStore(tmp_path)
    store.put("abc", np.arange(3))
    assert list((tmp_path / "ab").iterdir()) == []
    assert store.get("abc") is None


def test_threads_that_read_write_and_prune_at_once_see_whole_arrays(tmp_path):
    """Every thread writes one of two large arrays under the same key, and reads what is there."""
    store = ArrayStore(tmp_path)
    arrays = [np.full(50_000, number) for number in range(2)]

    def work(number):
        seen = []
        for turn in range(30):
            store.put("abc", arrays[number % 2])
            if turn % 5 == number:
                store.prune(0)
            found = store.get("abc")
            if found is not None:
                seen.append(len(np.unique(found)))
        return seen

    with ThreadPoolExecutor(4) as threads:
        seen = [each for thread in threads.map(work, range(4)) for each in thread]
    assert set(seen) == {1}
    assert [path.name for path in (tmp_path / "ab").iterdir()] in ([], ["abc.npy"])


KILLED = """
import os, signal, sys
from pathlib import Path
import numpy as np
from ml.vision.storage.spool import Spool
from ml.vision.storage.store import ArrayStore

def killed_inside(file, array, **options):
    file.write(b"half")
    file.flush()
    os.kill(os.getpid(), signal.SIGKILL)

folder = Path(sys.argv[1])
Spool(folder).keep(np.arange(1000))
np.save = killed_inside
ArrayStore(folder).put("abc", np.arange(3))
"""


def test_a_writer_killed_half_way_is_not_read(tmp_path):
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], cwd=ROOT, check=False)
    assert done.returncode == -signal.SIGKILL
    store = ArrayStore(tmp_path)
    assert store.get("abc") is None
    (left,) = (path for path in tmp_path.rglob("*") if path.is_file())
    assert left.suffix == ".part"
    store.put("abc", np.arange(3))
    assert store.get("abc").tolist() == [0, 1, 2]
    os.utime(left, (1000, 1000))
    assert store.prune(10**6) == len(b"half")


def test_atomic_writing_leaves_nothing_else_behind(tmp_path):
    write_atomically(tmp_path / "deep" / "file", b"words")
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["file"]
