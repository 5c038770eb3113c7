"""What lies in the folder of a training, and what is left of it."""

from ml.vision.training.checkpoint_files import delete_checkpoints, move_aside


def fill(folder, names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"four")


def names_in(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_what_is_moved_aside_stays_whole_each_time(tmp_path):
    fill(tmp_path, ["beginning.json", "checkpoint-0003.pt", "events/a"])
    assert move_aside(tmp_path) == tmp_path / "aside-1"
    fill(tmp_path, ["checkpoint-0001.pt"])
    assert move_aside(tmp_path) == tmp_path / "aside-2"
    assert names_in(tmp_path) == [
        "aside-1/beginning.json",
        "aside-1/checkpoint-0003.pt",
        "aside-1/events/a",
        "aside-2/checkpoint-0001.pt",
    ]


def test_weights_and_event_files_outlive_the_training(tmp_path):
    fill(tmp_path, ["beginning.json", "checkpoint-0003.pt", "aside-1/a", "model.pt", "events/a"])
    fill(tmp_path, [".checkpoint-0004.pt.x.part", ".model.pt.x.part"])
    assert delete_checkpoints(tmp_path) == 12  # of the first three
    assert names_in(tmp_path) == ["events/a", "model.pt"]
