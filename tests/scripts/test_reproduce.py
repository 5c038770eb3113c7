"""``make reproduce``: what is wrong is said at once, and what was done is not done again."""

import json
import os
from pathlib import Path

import pytest

from scripts.reproduce import MADE, main
from scripts.reproduce_site import StepFailed, manage
from scripts.reproduce_state import OtherSet, State
from tests.conftest import make_picture


def test_the_version_is_read_from_what_the_training_says():
    found = MADE.search("100% done\nIt made classifier 12, kept_out: version 11 is better\n")
    assert found is not None
    assert found.group(1) == "12"


def test_a_command_that_fails_says_why():
    with pytest.raises(StepFailed, match="arguments are required: source") as failed:
        manage(dict(os.environ), "import_trainingset")
    assert "usage:" in failed.value.output


def test_the_error_is_found_in_what_is_said_around_it():
    traceback = "Traceback:\n  x\ndb.ProgrammingError: no column a\nLINE 1: SELECT a\n   ^\n"
    assert str(StepFailed(traceback)) == "db.ProgrammingError: no column a"
    assert str(StepFailed("10%\nCommandError: unknown_recipe: no b\n")) == "unknown_recipe: no b"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["missing"], "no_source"),
        ([".", "--metadata", "missing.csv"], "bad_metadata"),
        ([".", "--recipes", "nota-cp"], "unknown_recipe"),
    ],
)
def test_what_is_not_there_is_said_before_servers_start(
    tmp_path, monkeypatch, capsys, arguments, code
):
    monkeypatch.setenv("NOTA_VAR", str(tmp_path / "var"))
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    assert f"[{code}]" in capsys.readouterr().err
    assert not (tmp_path / "var").exists()


def test_a_folder_belongs_to_one_set(tmp_path):
    path = tmp_path / "reproduce.json"
    one = State(path, Path("/set"), Path("/table.csv"))
    one.recipes["nota-cpu"] = {"version": 1}
    one.write()
    assert State(path, Path("/set"), Path("/table.csv")).recipes == one.recipes
    with pytest.raises(OtherSet, match=r"is about /set with /table\.csv"):
        State(path, Path("/other"), None)
    path.write_text(path.read_text()[:-20])
    with pytest.raises(OtherSet, match="cannot be read"):
        State(path, Path("/set"), Path("/table.csv"))


def test_from_a_folder_to_the_tables_and_once_more(tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("NOTA_VAR", str(tmp_path / "var"))
    number = 0
    for label in ("Blip", "None_of_the_Above"):
        for split in ("train", "train", "train", "validation", "test", "test"):
            place = tmp_path / "set" / label / split
            place.mkdir(parents=True, exist_ok=True)
            picture = place / f"H1_{number:010d}_spectrogram_4.0.png"
            picture.write_bytes(make_picture(number))
            number += 1
    source, recipe = str(tmp_path / "set"), "logistic-features"
    changed = ["--set", f"{recipe}:size=64", "merged-view-cnn:size=20"]
    assert main([source, "--recipes", recipe, "merged-view-cnn", *changed]) == 1
    said = capfd.readouterr().out
    assert "12 imported" in said
    assert "merged-view-cnn: bad_settings: " in said
    state = json.loads((tmp_path / "var" / "reproduce.json").read_text())["recipes"]
    assert state[recipe]["figures"]["classes"] == ["Blip", "None_of_the_Above"]

    assert main([source, "--recipes", recipe, *changed]) == 0
    said = capfd.readouterr().out
    assert "0 imported, 12 there already" in said
    assert "Judged already: classifier 1." in said
