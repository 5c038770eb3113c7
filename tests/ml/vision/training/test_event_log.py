"""What a training writes is what TensorBoard reads: records of `Event` messages."""

import math
import struct
import subprocess
import sys
import textwrap

from tensorboardX.proto.event_pb2 import Event

from ml.vision.training.event_log import EventLog

EPOCH = {
    "epoch": 3,
    "train_loss": 0.5,
    "val_loss": math.nan,
    "val_accuracy": math.nan,
    "learning_rate": 1e-3,
    "seconds": 2.0,
}


def records(data):
    """The messages of an event file: length (8 bytes), its checksum (4), message, checksum (4)."""
    while data:
        (length,) = struct.unpack("<Q", data[:8])
        yield data[12 : 12 + length]
        data = data[16 + length :]


def test_an_epochs_figures_are_written_and_those_that_are_none_are_not(tmp_path):
    log = EventLog(tmp_path)
    log.write(EPOCH)
    log.close()
    (file,) = (tmp_path / "events").glob("events.out.tfevents.*")
    first, *events = [Event.FromString(one) for one in records(file.read_bytes())]
    assert first.file_version == "brain.Event:2"
    found = {v.tag: (e.step, v.simple_value) for e in events for v in e.summary.value}
    assert set(found) == {"train_loss", "learning_rate", "seconds"}
    assert found["train_loss"] == (3, 0.5)


WITHOUT_ROOM = """
    import resource, sys
    from pathlib import Path
    sys.path[:0] = ["."]
    from ml.vision.training.event_log import EventLog

    log = EventLog(Path({folder!r}))
    plenty = resource.getrlimit(resource.RLIMIT_FSIZE)
    for epoch in range(8):  # no file may be longer than 10 bytes during the first four
        resource.setrlimit(resource.RLIMIT_FSIZE, (10, plenty[1]) if epoch < 4 else plenty)
        log.write({epoch!r} | {{"epoch": epoch}})
    log.close()
"""


def test_a_full_disk_costs_the_log_alone(tmp_path):
    figures = EPOCH | {"val_loss": 0.4, "val_accuracy": 0.9}
    code = textwrap.dedent(WITHOUT_ROOM.format(folder=str(tmp_path), epoch=figures))
    said = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False
    )
    assert (said.returncode, "event file" in said.stderr) == (0, True), said.stderr


def test_where_no_folder_can_be_made_there_is_no_log(tmp_path):
    (tmp_path / "events").write_bytes(b"in the way")
    log = EventLog(tmp_path)
    log.write(EPOCH)
    log.close()
    assert (tmp_path / "events").read_bytes() == b"in the way"
