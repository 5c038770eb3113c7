"""In which split a labeled glitch is, where the latest are the test."""

from labeling.selectors.training_rows import LabeledGlitch, dealt_in_time

HOUR = 3600.0


def row(number: int, split: str, time: float | None) -> LabeledGlitch:
    key = f"{number:010d}"
    return LabeledGlitch(number, key, "Blip", 1, split, "gold", 1.0, "", time)


def test_in_time_the_latest_gold_of_the_test_is_tested_on():
    rows = [
        row(1, "train", 1 * HOUR),
        row(2, "test", 2 * HOUR),  # early: neither trained on nor tested on
        row(3, "validation", 3 * HOUR),
        row(4, "train", 4 * HOUR),
        row(5, "train", 5 * HOUR),
        row(6, "train", 6 * HOUR),  # the last of the first six in ten: train
        row(7, "train", 7 * HOUR),  # the next one and a half in ten: validation
        row(8, "test", 8 * HOUR),
        row(9, "train", 9 * HOUR),  # late: not tested on, not being gold of the test
        row(10, "test", 10 * HOUR),
        row(11, "train", None),
    ]
    dealt = [(one.glitch_id, one.split) for one in dealt_in_time(rows)]
    assert dealt == [
        (1, "train"),
        (3, "train"),
        (4, "train"),
        (5, "train"),
        (6, "train"),
        (7, "validation"),
        (10, "test"),
    ]
