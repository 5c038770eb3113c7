"""What a training writes is what TensorBoard reads: records of `Event` messages."""

import math
import struct

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
