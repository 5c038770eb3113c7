"""Where the class that was held out lies, on made-up pictures; its table and its drawing."""

import csv

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("torch")

from bench.feature_map import draw, main, place, write_table
from ml.vision.judging.feature_map import alike_nearby
from ml.vision.recipes import settings_for
from tests.bench.test_novelty import pictures_of

SETTINGS = settings_for("logistic-features", {"size": 32, "durations": [1.0, 4.0]})
LABELS = np.array(["Blip", "Blip", "Reverse_Chirp"])


def test_all_of_the_class_that_was_held_out_is_placed_beside_the_test(tmp_path):
    pictures = {shape: pictures_of(tmp_path, shape, shape, 20) for shape in ("blip", "line")}
    pictures["Reverse_Chirp"] = pictures_of(tmp_path, "Reverse_Chirp", "arch", 6)
    ids, labels, features = place(pictures, "Reverse_Chirp", SETTINGS, tmp_path / "cache")
    assert features.shape == (16, 1280)  # a quarter of each known class, and six
    assert labels.tolist() == ["blip"] * 5 + ["line"] * 5 + ["Reverse_Chirp"] * 6
    assert ids[-1] == "Reverse_Chirp5"
    assert all(share > 0.8 for share in alike_nearby(features, labels).values())


def test_the_table_has_both_maps_of_each_glitch(tmp_path):
    write_table(tmp_path / "map.csv", ["a", "b", "c"], LABELS, np.arange(15.0).reshape(3, 5))
    rows = list(csv.DictReader((tmp_path / "map.csv").read_text().splitlines()))
    assert rows[2] == {
        "gravityspy_id": "c", "label": "Reverse_Chirp",
        "x": "10.0", "y": "11.0", "u": "12.0", "v": "13.0", "w": "14.0",
    }  # fmt: skip


def test_the_map_is_drawn(tmp_path):
    draw(tmp_path / "map.png", np.arange(6.0).reshape(3, 2), LABELS, "Reverse_Chirp")
    drawn = np.asarray(Image.open(tmp_path / "map.png").convert("RGB"))
    assert drawn.shape[2] == 3
    assert (np.ptp(drawn, axis=2) > 60).sum() > 50  # dots in colours on white


def test_a_setting_that_is_wrong_is_said_before_pictures_are_made(tmp_path, capsys):
    assert main(["--work", str(tmp_path / "work"), "--set", "epochs=many"]) == 2
    assert "bad_settings" in capsys.readouterr().err
    assert not (tmp_path / "work").exists()
