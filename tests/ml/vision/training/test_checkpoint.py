import pytest
import torch

from ml.vision.errors import CheckpointMismatch
from ml.vision.training.checkpoint import Checkpoints


def saved(folder, epochs, fingerprint="ours"):
    checkpoints = Checkpoints(folder, fingerprint)
    for epoch in range(epochs):
        checkpoints.save(epoch, {"network": {"w": torch.full((2,), float(epoch))}})
    return checkpoints


def test_the_newest_two_are_kept(tmp_path):
    saved(tmp_path, 4)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["checkpoint-0002.pt", "checkpoint-0003.pt"]


def test_the_last_one_comes_back(tmp_path):
    content = saved(tmp_path, 3).load_last()
    assert content["epoch"] == 2
    assert content["network"]["w"].tolist() == [2.0, 2.0]


def test_an_empty_folder_has_none(tmp_path):
    assert Checkpoints(tmp_path, "ours").load_last() is None


@pytest.mark.parametrize("damage", [lambda data: data[:100], lambda data: b"", lambda data: b"x"])
def test_a_damaged_one_is_passed_over_and_said_so(tmp_path, damage):
    checkpoints = saved(tmp_path, 3)
    newest = tmp_path / "checkpoint-0002.pt"
    newest.write_bytes(damage(newest.read_bytes()))
    assert checkpoints.load_last()["epoch"] == 1
    assert "Passed over a damaged checkpoint" in checkpoints.notes[0]
    assert checkpoints.notes[1] == "Resumed after epoch 1."


def test_half_written_files_are_cleared(tmp_path):
    checkpoints = saved(tmp_path, 1)
    (tmp_path / ".checkpoint-0001.pt.abc.part").write_bytes(b"half")
    assert checkpoints.load_last()["epoch"] == 0
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint-0000.pt"]


def test_the_checkpoint_of_another_training_is_refused(tmp_path):
    saved(tmp_path, 1, "theirs")
    with pytest.raises(CheckpointMismatch):
        Checkpoints(tmp_path, "ours").load_last()
