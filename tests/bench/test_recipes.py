"""The benches run from end to end on next to nothing."""

import json

import pytest

pytest.importorskip("torch")

from bench.recipes import main
from bench.recipes_data import split
from ml.vision.dataset import GlitchPictures


def test_a_table_on_simulated_glitches_says_what_it_is(tmp_path, capsys):
    arguments = ["--simulated", "4", "--classes", "Blip", "Power_Line", "--size", "48"]
    arguments += ["--recipes", "logistic-features", "merged-view-cnn", "--epochs", "1"]
    arguments += ["--set", "durations=[0.5,1.0,2.0,4.0]", "--json", str(tmp_path / "r.json")]
    assert main([*arguments, "--work", str(tmp_path / "work")]) == 0
    rows = json.loads((tmp_path / "r.json").read_text())["simulated"]
    assert [row["recipe"] for row in rows] == ["logistic-features", "merged-view-cnn"]
    assert all(0 <= row[key] <= 1 for row in rows for key in ("accuracy", "macro_f1", "ece"))
    assert all("do not compare" in row["note"] for row in rows)
    assert "do not compare with the papers'" in capsys.readouterr().out


def test_nothing_asked_for_is_said(capsys):
    assert main([]) == 2
    assert "Nothing was asked for" in capsys.readouterr().out


def test_the_test_split_is_the_latest():
    glitches = [GlitchPictures(f"12000000{n:02d}.5", {}) for n in range(20)]
    made = split({"Blip": glitches[::-1]})
    ids = {name: [e.pictures.glitch_id for e in rows] for name, rows in made.splits().items()}
    assert [len(ids[name]) for name in ("train", "validation", "test")] == [12, 3, 5]
    assert max(ids["train"]) < min(ids["validation"]) < max(ids["validation"]) < min(ids["test"])
