"""The benchmark itself, on crowds small enough for a test."""

import json

import numpy as np
import pytest

from bench.crowd import main
from bench.crowd_method import accuracy_of
from bench.crowd_running import WAYS
from bench.vote_sets import read_vote_set

KEYS = {"set", "method", "library", "votes", "seconds", "peak_mb", "before_mb", "accuracy"}


def test_ties_count_as_often_as_they_would_be_broken_rightly():
    by_class = np.array([[2, 2, 0], [0, 1, 0], [1, 1, 1], [5, 0, 0]])
    truth = np.array([0, 1, 2, -1])  # the last is unknown
    assert accuracy_of(by_class, truth) == pytest.approx((1 / 2 + 1 + 1 / 3) / 3)


def test_a_set_of_files_is_numbered_and_keeps_what_has_no_truth(tmp_path):
    (tmp_path / "label.csv").write_text("item,worker,label\ni7,w1,blip\ni3,w1,koi\ni7,w2,koi\n")
    (tmp_path / "truth.csv").write_text("item,truth\ni7,koi\nnever_voted_on,blip\n")
    votes = read_vote_set(tmp_path)
    assert (votes.item.tolist(), votes.volunteer.tolist()) == ([0, 1, 0], [0, 0, 1])
    assert (votes.label.tolist(), votes.truth.tolist()) == ([0, 1, 1], [1, -1])


def test_rows_are_written_with_every_figure(tmp_path, capsys):
    file = tmp_path / "crowd.json"
    assert main(["--sizes", "2000:50:5", "--no-real", "--json", str(file)]) == 0
    rows = json.loads(file.read_text())
    assert [row["method"] for row in rows if row["library"] == "nota"] == [
        "majority",
        "dawid_skene",
        "one_coin",
        "hierarchical",
    ]
    for row in rows:
        assert row.keys() >= KEYS
        assert row["votes"] == 2000
        assert row["peak_mb"] >= row["before_mb"] > 10
        assert 0.5 < row["accuracy"] <= 1
    assert "hierarchical" in capsys.readouterr().out


def test_a_python_without_crowd_kit_is_refused_by_name(tmp_path):
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho no crowdkit >&2; exit 1\n")
    python.chmod(0o755)
    with pytest.raises(SystemExit, match=r"cannot import crowdkit.aggregation\nno crowdkit"):
        main(["--sizes", "--no-real", "--peer-python", str(python)])


def test_ways_of_knowing_the_volunteers_are_compared_on_one_stream(tmp_path):
    file = tmp_path / "running.json"
    assert main(["--running", "3000:30", "--json", str(file)]) == 0
    rows = {row["method"]: row for row in json.loads(file.read_text())}
    assert list(rows) == [way.name for way in WAYS]
    for row in rows.values():
        assert 2 <= row["votes_a_glitch"] <= 8
        assert 0.8 < row["accuracy"] <= 1
    off = {name: row["skill_error"] for name, row in rows.items()}
    assert off["+ agreed, by all"] < 0.8 * off["default prior, gold"]
