import os

import numpy as np

from ml.vision.store import ArrayStore, hash_of, write_atomically


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


def test_a_folder_that_cannot_be_written_does_no_harm(tmp_path):
    (tmp_path / "file").write_text("in the way")
    store = ArrayStore(tmp_path / "file")
    store.put("abc", np.arange(3))


def test_pruning_forgets_what_was_unused_for_longest(tmp_path):
    store = ArrayStore(tmp_path)
    for age, key in enumerate(["new", "middle", "old"]):
        store.put(key, np.zeros(100, np.uint8))
        os.utime(store.path(key), (1000 - age, 1000 - age))
    size = store.path("new").stat().st_size
    assert store.prune(2 * size) == size
    assert [store.path(key).exists() for key in ("new", "middle", "old")] == [True, True, False]


def test_atomic_writing_leaves_nothing_else_behind(tmp_path):
    write_atomically(tmp_path / "deep" / "file", b"words")
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["file"]
