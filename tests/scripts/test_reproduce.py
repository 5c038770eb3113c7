"""``make reproduce``: what is wrong is said at once, and what was done is not done again."""

import json
import os
import subprocess
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest

from ml.vision.recipes import RECIPES
from scripts.reproduce import MADE, made_of, main, parse_set
from scripts.reproduce_site import ROOT, StepFailed, manage
from scripts.reproduce_state import OtherSet, State
from tests.conftest import make_picture

LABELS = ["Blip", "None_of_the_Above"]


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
        ([".", "--set", "nota-cpuu:epochs=3"], "unknown_recipe"),
        ([".", "--set", "nota-cpu:epoch=3"], "bad_settings"),
        ([".", "--set", "nota-cpu:epochs=3 nota:epochs=3"], "bad_settings"),  # no ; between
        ([".", "--set", "epochs=3"], "bad_set"),
        ([".", "--recipes", "nota", "--set", "nota-cpu:epochs=3"], "bad_set"),
        ([".", "--recipes", "nota", "ensemble"], "no_members"),
        (
            [".", "--recipes", "nota", "nota-cpu", "ensemble", "--set", "ensemble:members=[1, 2]"],
            "bad_settings",
        ),
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


def test_a_row_is_kept_as_long_as_what_it_came_of(tmp_path):
    state = State(tmp_path / "reproduce.json", Path("/set"), None)
    of = {"learned": "a", "changes": {"epochs": 3}}
    state.row("nota", of, "1").update(version=4, figures={"accuracy": 0.5})
    assert state.row("nota", of, "1") == {
        "of": of,
        "test": "1",
        "version": 4,
        "figures": {"accuracy": 0.5},
    }
    assert state.row("nota", of, "2") == {"of": of, "test": "2", "version": 4}
    for other in ({**of, "learned": "b"}, {**of, "changes": {}}):
        state.row("nota", of, "2").update(version=5, error="no room")
        assert state.row("nota", other, "2") == {"of": other, "test": "2"}


def test_a_row_is_done_again_when_a_release_changes_its_recipe(tmp_path, monkeypatch):
    """Also one that was written when a row held the changes alone."""
    state = State(tmp_path / "reproduce.json", Path("/set"), None)
    state.row("nota-cpu", {"learned": "a", "changes": {}}, "1")["version"] = 1
    assert "version" not in state.row("nota-cpu", made_of("a", "nota-cpu", []), "1")
    state.recipes["nota-cpu"]["version"] = 2
    state.write()
    read = State(state.path, Path("/set"), None)
    assert read.row("nota-cpu", made_of("a", "nota-cpu", []), "1")["version"] == 2
    recipe = RECIPES["nota-cpu"]
    other = replace(recipe, settings=replace(recipe.settings, patience=9))
    monkeypatch.setitem(RECIPES, "nota-cpu", other)
    assert "version" not in read.row("nota-cpu", made_of("a", "nota-cpu", []), "1")


def test_an_ensemble_is_done_again_when_a_member_before_it_is_another(tmp_path):
    state = State(tmp_path / "reproduce.json", Path("/set"), None)
    ends = {"nota": {"version": 1}, "nota-few": {"error": "no"}, "nota-cpu": {"version": 2}}
    for recipe, end in {**ends, "ensemble": {"version": 3}}.items():
        members = state.versions(ends) if recipe == "ensemble" else []
        state.row(recipe, {"members": members}, "1").update(end)
    assert state.row("ensemble", {"members": [1, 2]}, "1")["version"] == 3
    state.row("nota-cpu", {"members": [], "learned": "more"}, "1")["version"] = 4
    assert state.versions(ends) == [1, 4]
    assert "version" not in state.row("ensemble", {"members": state.versions(ends)}, "1")


def test_a_value_may_hold_spaces():
    given = ["nota-cpu:epochs=20; nota: weights=imagenet or random", "nota:split=in time\n"]
    assert parse_set(given, ["nota", "nota-cpu"]) == {
        "nota-cpu": ["epochs=20"],
        "nota": ["weights=imagenet or random", "split=in time"],
    }


def test_make_hands_over_values_with_spaces():
    pair = "nota:split=in time; nota:epochs=3"
    shown = ["PY=printf '<%s>'", "-s", "-o", ".venv/installed"]
    call = ["make", "reproduce", "DATA=a set", f"SET={pair}", *shown]
    said = subprocess.run(call, capture_output=True, text=True, check=True, cwd=ROOT).stdout
    assert said == f"<-m><scripts.reproduce><a set><--set><{pair}>"


def put_pictures(folder, splits, first):
    for number, (label, split) in enumerate(product(LABELS, splits), start=first):
        place = folder / label / split
        place.mkdir(parents=True, exist_ok=True)
        picture = place / f"H1_{number:010d}_spectrogram_4.0.png"
        picture.write_bytes(make_picture(number))


@pytest.mark.timeout(900)  # servers, workers and trainings of two calls
def test_from_a_folder_to_the_tables_and_once_more(tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("NOTA_VAR", str(tmp_path / "var"))
    pictures = tmp_path / "set"
    put_pictures(pictures, ["train", "train", "train", "validation", "test", "test"], 0)

    def rows(status, recipes, changed):
        assert main([str(pictures), "--recipes", *recipes, "--set", changed]) == status
        found = json.loads((tmp_path / "var" / "reproduce.json").read_text())["recipes"]
        return found, capfd.readouterr().out

    in_time = "logistic-features:size=64; nota-cpu:split=in time"
    found, said = rows(1, ["logistic-features", "nota-cpu"], in_time)
    assert "12 imported" in said
    assert "nota-cpu: too_few_classes: " in said  # for their times are unknown
    assert found["logistic-features"]["figures"]["classes"] == LABELS

    put_pictures(pictures, ["test"], 12)
    small = "logistic-features:size=64; nota-cpu:epochs=0; nota-cpu:size=32"
    three = ["logistic-features", "nota-cpu", "ensemble"]
    found, said = rows(0, three, small)
    assert "2 imported, 12 there already" in said
    assert found["logistic-features"]["figures"]["count"] == 6
    assert [found[name]["version"] for name in three] == [1, 2, 3]  # the first was judged again
    assert found["ensemble"]["of"]["settings"]["members"] == [1, 2]
