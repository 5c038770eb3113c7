import math

import pytest

from ml.vision.event_log import EventLog

EPOCH = {
    "epoch": 3,
    "train_loss": 0.5,
    "val_loss": math.nan,
    "val_accuracy": math.nan,
    "learning_rate": 1e-3,
    "seconds": 2.0,
}


def test_without_tensorboard_nothing_is_written(tmp_path):
    try:
        import tensorboard  # noqa: F401
    except ImportError:
        log = EventLog(tmp_path)
        log.write(EPOCH)
        log.close()
        assert not list(tmp_path.iterdir())
    else:
        pytest.skip("tensorboard is installed here")


def test_tensorboard_reads_what_is_written(tmp_path):
    reading = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    log = EventLog(tmp_path)
    log.write(EPOCH)
    log.close()
    found = reading.EventAccumulator(str(tmp_path / "events")).Reload()
    assert "val_loss" not in found.Tags()["scalars"]
    assert [(one.step, one.value) for one in found.Scalars("train_loss")] == [(3, 0.5)]
