"""The set: names, table, and that it is the same however it was made."""

import csv
import hashlib
import json
from pathlib import Path

import pytest
from PIL import Image

from ml.pictures import DURATIONS, parse_picture_name
from ml.strain import dataset
from ml.strain.__main__ import main
from ml.strain.contact_sheet import contact_sheet
from ml.strain.counts import DEMO, PLANTED
from ml.strain.dataset import (
    FIRST_DAY,
    SPAN,
    DatasetError,
    make_recipe,
    simulate_dataset,
)
from ml.strain.simulate import UnknownClassError

COUNTS = {"Blip": 2, "Reverse_Chirp": 1}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("set")
    simulate_dataset(folder, COUNTS, seed=1, processes=1)
    return folder


def fingerprints(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def table(folder: Path) -> list[dict[str, str]]:
    with (folder / "metadata.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_folder_holds_four_named_pictures_a_glitch_and_a_row(made: Path) -> None:
    rows = table(made)
    assert [sorted(row["label"] for row in rows)] == [["Blip", "Blip", "Reverse_Chirp"]]
    for row in rows:
        names = [
            parse_picture_name(path.name)
            for path in (made / row["label"]).glob(f"*_{row['gravityspy_id']}_*")
        ]
        assert sorted(name.duration for name in names) == list(DURATIONS)
        assert {name.ifo for name in names} == {row["ifo"]}
        assert FIRST_DAY <= float(row["event_time"]) <= FIRST_DAY + SPAN
        assert float(row["snr"]) > 4
        assert 10 <= float(row["peak_frequency"]) <= 2048
        assert row["simulated"] == "1"
    assert not list(made.rglob("*.part"))


def test_two_processes_make_the_same(made: Path, tmp_path: Path) -> None:
    simulate_dataset(tmp_path / "set", COUNTS, seed=1, processes=2)
    assert fingerprints(tmp_path / "set") == fingerprints(made)


def test_a_second_run_makes_nothing(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise AssertionError("simulated again")

    before = fingerprints(made)
    monkeypatch.setattr(dataset, "simulate_glitch", fail)
    report = simulate_dataset(made, COUNTS, seed=1, processes=1)
    assert (report.made, report.kept) == (0, 3)
    assert fingerprints(made) == before


def test_more_of_a_class_keeps_what_is_there(made: Path, tmp_path: Path) -> None:
    copy = tmp_path / "set"
    simulate_dataset(copy, {"Blip": 1}, seed=1, processes=1)
    report = simulate_dataset(copy, COUNTS, seed=1, processes=1)
    assert (report.made, report.kept) == (2, 1)
    assert fingerprints(copy) == fingerprints(made)


class KilledError(Exception):
    pass


def test_a_killed_run_is_resumed_to_the_same_end(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between the second and third picture of the second glitch, and in a row's middle."""
    folder, written = tmp_path / "set", []
    replace = dataset._replace

    def dying(path: Path, data: bytes) -> None:
        if path.suffix == ".png":
            written.append(path)
            if len(written) == 7:
                raise KilledError
        replace(path, data)

    with monkeypatch.context() as patched, pytest.raises(KilledError):
        patched.setattr(dataset, "_replace", dying)
        simulate_dataset(folder, COUNTS, seed=1, processes=1)
    assert len(table(folder)) == 1
    with (folder / "metadata.csv").open("a") as file:
        file.write("abcdefghij,H1,12425")
    (folder / "Blip" / ".picture.png.123.part").write_bytes(b"half")
    report = simulate_dataset(folder, COUNTS, seed=1, processes=1)
    assert (report.made, report.kept) == (2, 1)
    assert fingerprints(folder) == fingerprints(made)


def test_a_lost_picture_is_made_again(made: Path, tmp_path: Path) -> None:
    folder = tmp_path / "set"
    simulate_dataset(folder, {"Blip": 1}, seed=1, processes=1)
    before = fingerprints(folder)
    next(folder.rglob("*_2.0.png")).unlink()
    assert simulate_dataset(folder, {"Blip": 1}, seed=1, processes=1).made == 1
    assert fingerprints(folder) == before


def test_progress_counts_up(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    simulate_dataset(
        tmp_path, {"Blip": 2}, seed=2, processes=1, on_progress=lambda *step: seen.append(step)
    )
    assert seen == [(1, 2), (2, 2)]


@pytest.mark.parametrize(
    ("counts", "error", "code"),
    [
        ({"Unicorn": 1}, UnknownClassError, "unknown_class"),
        ({"Blip": -1}, DatasetError, "bad_count"),
    ],
)
def test_bad_counts_leave_nothing_behind(
    tmp_path: Path, counts: dict[str, int], error: type[Exception], code: str
) -> None:
    with pytest.raises(error) as caught:
        simulate_dataset(tmp_path / "set", counts, seed=1)
    assert getattr(caught.value, "code", None) == code
    assert not (tmp_path / "set").exists()


def test_another_seeds_folder_is_refused(made: Path) -> None:
    with pytest.raises(DatasetError) as caught:
        simulate_dataset(made, COUNTS, seed=2)
    assert caught.value.code == "other_dataset"


def test_another_runs_pictures_are_another_set(made: Path) -> None:
    with pytest.raises(DatasetError, match="O1"):
        simulate_dataset(made, COUNTS, seed=1, run="O1")
    assert json.loads((made / "dataset.json").read_text())["seed"] == 1


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "set").write_text("")
    with pytest.raises(DatasetError) as caught:
        simulate_dataset(tmp_path / "set", COUNTS, seed=1)
    assert caught.value.code == "not_a_folder"


def test_recipes_are_distinct_and_planted_classes_come_late() -> None:
    recipes = [make_recipe(label, n, 1) for label, count in DEMO.items() for n in range(count)]
    assert len({recipe.gravityspy_id for recipe in recipes}) == 600
    assert len({recipe.event_time for recipe in recipes}) == 600
    half = FIRST_DAY + SPAN / 2
    late = [float(recipe.event_time) >= half for recipe in recipes if recipe.label in PLANTED]
    known = [float(recipe.event_time) >= half for recipe in recipes if recipe.label not in PLANTED]
    assert all(late)
    assert 0.4 < sum(known) / len(known) < 0.6


def test_command_line_makes_a_set_and_a_sheet(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, sheet = tmp_path / "set", tmp_path / "sheet.png"
    make = ["make", str(folder), "--seed", "3", "--processes", "1"]
    assert main([*make, "--count", "Tomte=1"]) == 0
    assert "1 glitches made, 0 kept" in capsys.readouterr().out
    assert main(["sheet", str(folder), str(sheet), "--real", str(folder), "--columns", "3"]) == 0
    with Image.open(sheet) as image:
        assert image.size == (4 * 204, 171)
    assert main([*make, "--count", "Unicorn=1"]) == 2
    assert "unknown_class" in capsys.readouterr().err


def test_sheet_puts_one_real_picture_a_class_beside(made: Path, tmp_path: Path) -> None:
    Image.new("RGB", (600, 450), "red").save(tmp_path / "Blip.jpg", quality=95)
    sheet = contact_sheet(made, tmp_path, duration=4.0, columns=2)
    assert sheet.size == (3 * 204, 2 * 171)
    red, green, _ = sheet.getpixel((2 * 204 + 100, 80))
    assert red > 240
    assert green < 20
