"""The planted classes held out, on made-up pictures in their place."""

import numpy as np
import pytest

pytest.importorskip("torch")

from bench.novelty import NEVER_SEEN, hold_out_planted, look_at
from ml.vision.recipes import settings_for
from tests.ml.vision.conftest import save_glitch

SETTINGS = settings_for("logistic-features", {"size": 32, "durations": [1.0, 4.0]})


def pictures_of(folder, label, shape, count):
    rng = np.random.default_rng(len(label))
    return [save_glitch(folder, f"{label}{number}", shape, rng) for number in range(count)]


def test_classes_never_seen_are_told_from_those_that_are_known(tmp_path):
    pictures = {shape: pictures_of(tmp_path, shape, shape, 20) for shape in ("blip", "line")}
    pictures |= {label: pictures_of(tmp_path, label, "arch", 3) for label in NEVER_SEEN}
    rows = list(hold_out_planted(pictures, SETTINGS, tmp_path / "cache", seed=0))
    assert [row["held_out"] for row in rows] == list(NEVER_SEEN)
    for row in rows:
        assert (row["known"], row["unseen"]) == (10, 3)
        assert row["auroc"]["distance"] == 1.0
        assert row["sure"]["unseen_after"] == 0.0
        assert row["calibration"].keys() == {"temperature", "reported"}


def test_what_is_seen_of_a_glitch_stands_beside_its_label(tmp_path):
    glitches = [(one, "blip") for one in pictures_of(tmp_path, "blip", "blip", 2)]
    gone = glitches[0][0]
    for path in gone.paths.values():
        path.write_bytes(b"no picture")
    features, sketches, labels = look_at(glitches, SETTINGS, tmp_path / "cache")
    assert features.shape == (1, 1280)
    assert sketches.shape == (1, 2, 28, 7)
    assert labels.tolist() == ["blip"]
