"""The benches run from end to end on next to nothing."""

import json

import pytest

pytest.importorskip("torch")

from bench.recipes import main
from bench.recipes_data import split_by_chance, split_in_order, with_few_labels
from bench.recipes_table import spread, summary
from ml.vision.inputs.dataset import GlitchPictures


def test_a_table_on_simulated_glitches_says_what_it_is(tmp_path, capsys):
    arguments = ["--simulated", "4", "--classes", "Blip", "Power_Line", "--size", "48"]
    recipes = ["logistic-features", "merged-view-cnn", "ensemble"]
    arguments += ["--recipes", *recipes, "--set", "merged-view-cnn:epochs=1"]
    arguments += ["--set", "weights=random"]  # of use to the one that learns its features
    arguments += ["--json", str(tmp_path / "r.json")]
    assert main([*arguments, "--work", str(tmp_path / "work")]) == 0
    rows = json.loads((tmp_path / "r.json").read_text())["simulated"]
    assert [row["recipe"] for row in rows] == recipes
    assert [row["changed"] for row in rows] == [
        {},
        {"weights": "random", "epochs": 1},
        {},
    ]
    assert all(0 <= row[key] <= 1 for row in rows for key in ("accuracy", "macro_f1", "ece"))
    assert [list(row["per_class"]) for row in rows] == [["Blip", "Power_Line"]] * 3
    assert all("do not compare" in row["note"] for row in rows)
    *_, note, header, first, _, last = capsys.readouterr().out.splitlines()
    assert "do not compare with the papers'" in note
    assert header.split()[:3] == ["recipe", "seeds", "accuracy"]
    assert (first.split()[0], last.split()[0]) == (recipes[0], recipes[-1])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--imbalanced", "20"], "bad_count: 20 glitches cannot hold 22 classes"),
        (["--simulated", "1", "--classes", "Unicorn"], "unknown_class"),
        (
            ["--simulated", "1", "--classes", "Blip", "--recipes", "nota-cp"],
            "unknown_recipe: There is no recipe 'nota-cp'; did you mean nota-cpu",
        ),
    ],
)
def test_what_cannot_be_done_is_said_with_its_code(tmp_path, capsys, arguments, said):
    assert main([*arguments, "--work", str(tmp_path)]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (["--set", "ensemble:size=96"], "'size' = 96 is not for an ensemble"),
        (["--set", "sise=96"], "There is no training setting 'sise'"),
        (["--set", "merged-view-cnn:members=[1]"], "'members' = (1,) is for an ensemble alone"),
        (["--size", "32"], "'size' = 32 is too small for four convolutions"),
    ],
)
def test_every_recipe_is_looked_at_before_a_picture_is_made(tmp_path, capsys, changed, said):
    arguments = ["--simulated", "4", "--classes", "Blip", "--work", str(tmp_path), *changed]
    recipes = ["logistic-features", "merged-view-cnn", "ensemble"]
    assert main([*arguments, "--recipes", *recipes]) == 2
    shown = capsys.readouterr()
    assert said in shown.err
    assert not shown.out
    assert not list(tmp_path.iterdir())


def test_a_seed_deals_out_the_split_and_keeps_the_shares_of_classes():
    glitches = {
        label: [GlitchPictures(f"{label}{n}", {}) for n in range(count)]
        for label, count in (("Blip", 40), ("Paired_Doves", 3))
    }
    first, again, other = (split_by_chance(glitches, seed) for seed in (0, 0, 1))
    assert first == again
    assert first.test != other.test
    for one in (first, other):
        counts = [
            [sum(e.label == label for e in examples) for label in glitches]
            for examples in one.splits().values()
        ]
        assert counts == [[24, 2], [6, 0], [10, 1]]


def test_with_few_labels_the_rest_is_unlabeled_and_the_test_the_same():
    glitches = {
        label: [GlitchPictures(f"{label}{n}", {}) for n in range(count)]
        for label, count in (("Blip", 40), ("Paired_Doves", 3))
    }
    whole = split_by_chance(glitches, 0)  # 24 + 2 to train, 6 + 0 to validate
    few, again, other = (with_few_labels(whole, 3, seed) for seed in (0, 0, 1))
    assert few == again
    assert few.train != other.train
    assert [example.label for example in few.train] == ["Blip"] * 3 + ["Paired_Doves"] * 2
    assert (few.validation, few.test) == ((), whole.test)
    known = {example.pictures.glitch_id for example in (*few.train, *few.test)}
    assert len(few.unlabeled) == 27
    assert not known & {pictures.glitch_id for pictures in few.unlabeled}


def test_the_summary_is_the_mean_and_deviation_over_seeds():
    base = {"recipe": "nota-cpu", "top": {"5": 1.0}, "macro_f1": 0.5, "ece": 0.1, "log_loss": 1.5}
    rows = [base | {"accuracy": 0.8}, base | {"accuracy": 0.9}, base | {"accuracy": 1.0}]
    assert spread(rows, "accuracy") == ".900 ± .100"
    assert spread(rows[:1], "log_loss") == "1.500"
    note, _, line = summary(rows, "Simulated.").splitlines()
    assert note == "Simulated."
    assert " ".join(line.split()[:5]) == "nota-cpu 3 .900 ± .100"


def test_no_labels_at_all_are_refused(capsys):
    assert main(["--real", "--labels", "0"]) == 2
    assert "at least 1 a class" in capsys.readouterr().out


def test_nothing_asked_for_is_said(capsys):
    assert main([]) == 2
    assert "Nothing was asked for" in capsys.readouterr().out


def test_the_test_split_is_the_latest():
    glitches = [GlitchPictures(f"12000000{n:02d}.5", {}) for n in range(20)]
    made = split_in_order({"Blip": glitches[::-1]})
    ids = {name: [e.pictures.glitch_id for e in rows] for name, rows in made.splits().items()}
    assert [len(ids[name]) for name in ("train", "validation", "test")] == [12, 3, 5]
    assert max(ids["train"]) < min(ids["validation"]) < max(ids["validation"]) < min(ids["test"])
