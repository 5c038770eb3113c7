"""The tables of ``make reproduce``, and that a step's failure says what it said."""

import os

import pytest

from scripts.reproduce import COLUMNS, MADE, PAPERS, StepFailed, main, manage, table

FIGURES = {
    "top": {"1": 0.9, "2": 0.95, "3": 0.97, "4": 0.98, "5": 1.0},
    "without_lines": {"accuracy": 0.89},
}


def test_every_paper_fills_or_leaves_each_column():
    assert {len(row) for row in PAPERS.values()} == {len(COLUMNS)}
    assert PAPERS["george-vgg16"][0] == 98.15


def test_the_table_has_the_paper_above_and_ours_below():
    found = {
        "nota-cpu": {"version": 1, "figures": FIGURES},
        "george-vgg16": {"error": "no weights"},
    }
    _, header, *rows = table(found, ["george-vgg16", "nota-cpu"]).splitlines()
    assert [name in header for name in COLUMNS] == [True] * 6
    assert "98.15" in rows[0]
    assert "no weights" in rows[1]
    assert rows[2].split() == ["nota-cpu", "paper", *["–"] * 6]
    assert rows[3].split() == ["here", "90.00", "95.00", "97.00", "98.00", "100.00", "89.00"]


def test_the_version_is_read_from_what_the_training_says():
    found = MADE.search("100% done\nIt made classifier 12, kept_out: version 11 is better\n")
    assert found is not None
    assert found.group(1) == "12"


def test_a_command_that_fails_says_why():
    with pytest.raises(StepFailed, match="arguments are required: source") as failed:
        manage(dict(os.environ), "import_trainingset")
    assert "usage:" in failed.value.output


def test_a_set_that_is_not_there_ends_it_with_a_word(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("NOTA_VAR", str(tmp_path / "var"))
    assert main([str(tmp_path / "missing"), "--recipes", "nota-cpu"]) == 1
    assert "no_source" in capsys.readouterr().err
