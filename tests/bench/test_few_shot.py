"""The benchmark itself, on a few made-up pictures."""

import json

import numpy as np

from bench.few_shot import METHODS, draw, main
from tests.ml.vision.conftest import save_glitch


def test_a_draw_labels_at_most_half_of_a_class_and_keeps_every_glitch():
    columns = np.array([0, 0, 0, 0, 1, 1, 1, 2, 2])
    order = draw(columns, count=2, seed=3)
    assert columns[order[:4]].tolist() == [0, 0, 1, 2]
    assert sorted(order.tolist()) == list(range(9))
    assert (draw(columns, 2, 3) == order).all()


def test_every_method_has_a_row_for_each_number_of_labels(tmp_path, capsys):
    rng = np.random.default_rng(0)
    for label in ("blip", "line"):
        (tmp_path / label).mkdir()
        for number in range(6):
            save_glitch(tmp_path / label, f"{label}{number:06d}", label, rng, durations=(4.0,))
    file = tmp_path / "rows.json"
    options = ["--pictures", str(tmp_path), "--draws", "2", "--labels", "1", "3"]
    assert main([*options, "--json", str(file)]) == 0
    rows = json.loads(file.read_text())
    assert [(row["labels"], row["method"], row["features"]) for row in rows] == [
        (labels, method, features) for labels in (1, 3) for method, features, _ in METHODS
    ]
    assert all(len(row["each_macro_f1"]) == 2 for row in rows)
    assert rows[0]["gain"] == 0  # it is what the others are measured from
    best = rows[-1]
    assert (best["features"], best["macro_f1"], best["accuracy"]) == ("joined", 1.0, 1.0)


def test_without_pictures_it_says_so(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("NOTA_SHARED", str(tmp_path))
    assert main([]) == 1
    assert "no real spectrograms" in capsys.readouterr().out
