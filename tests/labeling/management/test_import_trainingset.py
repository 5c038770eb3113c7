"""``import_trainingset``: labels and split as published, resumed, the bad listed."""

import csv
import os
from collections import Counter
from itertools import islice
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from labeling.models import Glitch, GoldLabel, Picture
from labeling.services.bulk_imports import ImportReport, import_missing_glitches
from labeling.services.imports import NewGlitch
from ml.pictures import parse_picture_name
from ml.strain.dataset import simulate_dataset
from scripts.reproduce import GOLD
from tests.conftest import make_glitch, make_picture
from tests.published import write_hdf5, write_table

SPECTROGRAMS = Path(os.environ.get("NOTA_SHARED", "../shared")) / "data" / "spectrograms"
SPLITS = ("train", "validation", "test")

pytestmark = pytest.mark.django_db


def tree(folder, glitches=9, label="Blip"):
    """Glitches of one class, the splits in turn."""
    for number in range(glitches):
        place = folder / label / SPLITS[number % 3]
        place.mkdir(parents=True, exist_ok=True)
        path = place / f"H1_{label[:4]}{number:06d}_spectrogram_4.0.png"
        path.write_bytes(make_picture(number))
    return folder


def run(*arguments, status=0):
    if status == 0:
        call_command("import_trainingset", *map(str, arguments))
        return
    with pytest.raises(SystemExit) as ended:
        call_command("import_trainingset", *map(str, arguments))
    assert ended.value.code == status


def test_a_disk_that_takes_no_files_ends_it(taxonomy, tmp_path, settings):
    settings.PICTURES_FOLDER.write_text("a file where the folder should be")
    with pytest.raises(CommandError, match="no_room"):
        run(tree(tmp_path / "set"))


def test_labels_and_split_are_kept(taxonomy, tmp_path, capsys):
    run(tree(tmp_path))
    assert "9 imported, 0 there already, 0 bad" in capsys.readouterr().out
    assert Counter(GoldLabel.objects.values_list("split", flat=True)) == dict.fromkeys(SPLITS, 3)
    assert set(GoldLabel.objects.values_list("glitch_class__label", flat=True)) == {"Blip"}
    by_name = GoldLabel.objects.get(glitch__gravityspy_id="Blip000004")
    assert by_name.split == "validation"


def test_a_time_in_nanoseconds_leaves_its_glitch_out(taxonomy, tmp_path, capsys):
    pictures = tree(tmp_path / "set", 3)
    fact = {"ifo": "H1", "label": "Blip"}
    rows = [
        fact | {"gravityspy_id": f"Blip{n:06d}", "sample_type": SPLITS[n], "event_time": seconds}
        for n, seconds in enumerate(["1131949939.5", "1131949939500000000", "-1"])
    ]
    run(pictures, "--metadata", write_table(tmp_path / "table.csv", rows), status=1)
    said = capsys.readouterr()
    assert "1 imported, 0 there already, 2 bad" in said.out
    assert said.err.count("[impossible_time]") == 2
    assert list(Glitch.objects.values_list("event_time", flat=True)) == [1131949939.5]


def test_a_run_that_was_stopped_goes_on(taxonomy, tmp_path, capsys):
    makers = [
        lambda n=n: NewGlitch(
            gravityspy_id=f"Blip{n:06d}",
            ifo="H1",
            pictures={4.0: make_picture(n)},
            gold_label="Blip",
            gold_split=GoldLabel.Split(SPLITS[n % 3]),
        )
        for n in range(9)
    ]
    report = ImportReport()
    stopped = import_missing_glitches(makers, by=None, report=report)
    assert len(list(islice(stopped, 4))) == 4
    stopped.close()
    assert Glitch.objects.count() == GoldLabel.objects.count() == Picture.objects.count() == 4
    run(tree(tmp_path / "set"))
    assert "5 imported, 4 there already, 0 bad" in capsys.readouterr().out


def test_what_was_imported_without_its_table_is_completed_by_it(taxonomy, tmp_path, capsys):
    """Four glitches: one without a row's facts, two that lack them, one that contradicts."""
    pictures = tree(tmp_path / "set", glitches=4)
    run(pictures)
    Glitch.objects.filter(gravityspy_id="Blip000002").update(snr=8.0)
    Glitch.objects.filter(gravityspy_id="Blip000003").update(event_time=1.0, snr=9.0)
    rows = [
        {"gravityspy_id": f"Blip00000{n}", "ifo": "H1", "label": "Blip", "sample_type": split}
        for n, split in enumerate([*SPLITS, "train"])
    ]
    for row in rows[1:]:
        row |= {"event_time": "1131949939.5", "peak_frequency": "120.5", "snr": "8.0"}
    table = write_table(tmp_path / "table.csv", rows)
    run(pictures, "--metadata", table, "--dry-run", status=1)
    assert Glitch.objects.filter(event_time__isnull=True).count() == 3
    run(pictures, "--metadata", table, status=1)
    said = capsys.readouterr()
    assert said.out.count("2 completed, 1 there already, 1 bad") == 2
    assert "stored with event_time 1.0, not 1131949939.5, snr 9.0, not 8.0" in said.err
    assert "[other_facts]" in said.err
    stored = Glitch.objects.order_by("gravityspy_id").values_list(
        "event_time", "peak_frequency", "snr"
    )
    told = (1131949939.5, 120.5, 8.0)
    assert list(stored) == [(None, None, None), told, told, (1.0, None, 9.0)]
    run(pictures, "--metadata", table, status=1)
    assert "0 imported, 3 there already, 1 bad" in capsys.readouterr().out


def test_the_table_completes_what_was_no_gold_yet(taxonomy, tmp_path):
    make_glitch(1)
    pictures = tmp_path / "set"
    pictures.mkdir()
    (pictures / "H1_0000000001_spectrogram_4.0.png").write_bytes(make_picture(1))
    row = {"gravityspy_id": "0000000001", "ifo": "H1", "label": "Blip", "sample_type": "test"}
    run(pictures, "--metadata", write_table(tmp_path / "table.csv", [row | {"snr": "8.0"}]))
    glitch = Glitch.objects.get(gold_labels__split="test")
    assert (glitch.gravityspy_id, glitch.snr) == ("0000000001", 8.0)


def test_digests_tell_when_something_is_added(taxonomy, tmp_path, capsys):
    """Blip can be learned: two in each split. So can Whistle, when one of it is there to test."""
    pictures, kept = tree(tmp_path / "set", glitches=6), tmp_path / "kept"
    test = tree(pictures, glitches=9, label="Whistle") / "Whistle" / "test"
    test.rename(kept)
    found = []
    for _ in range(2):
        run(pictures)
        found.append(GOLD.search(capsys.readouterr().out))
    kept.rename(test)
    run(pictures)
    found.append(GOLD.search(capsys.readouterr().out))
    before, again, after = found
    assert before.groups() == again.groups()
    assert before[0].startswith("learn from 4 glitches")
    assert after[0].startswith("learn from 10 glitches")
    assert not set(before.groups()) & set(after.groups())


def test_a_dry_run_stores_nothing_and_says_the_same(taxonomy, tmp_path, capsys):
    tree(tmp_path)
    (tmp_path / "Blip/train/H1_Blip000000_spectrogram_4.0.png").write_bytes(b"broken")
    run(tmp_path, "--dry-run", status=1)
    said = capsys.readouterr()
    assert "8 would be imported, 0 there already, 1 bad" in said.out
    assert "unsupported_picture_type" in said.err
    assert not Glitch.objects.exists()


def test_each_bad_row_is_named_and_the_others_go_on(taxonomy, tmp_path, capsys):
    pictures = tree(tmp_path / "set", glitches=3)
    tree(pictures, glitches=1, label="Unicorn")
    make_glitch(2, gold_label="Blip")  # drawn into "train"
    again = pictures / "Blip" / "test" / "H1_0000000002_spectrogram_4.0.png"
    again.write_bytes(make_picture(2))
    row = {"ifo": "H1", "label": "Blip"}
    rows = [
        {**row, "gravityspy_id": f"Blip{number:06d}", "sample_type": SPLITS[number]}
        for number in range(3)
    ]
    rows.append({**row, "gravityspy_id": "nopictures", "sample_type": "train"})
    rows.append({**row, "gravityspy_id": "0000000002", "sample_type": "test"})
    rows.append({**row, "gravityspy_id": "Unic000000", "label": "Unicorn", "sample_type": "train"})
    table = write_table(tmp_path / "table.csv", [*rows, rows[0]])
    run(pictures, "--metadata", table, status=1)
    said = capsys.readouterr()
    assert "3 imported, 0 there already, 4 bad" in said.out
    for code in ("missing_pictures", "duplicate_id", "unknown_class", "other_split"):
        assert f"[{code}]" in said.err


def test_many_faults_of_a_kind_are_counted_and_all_of_them_written(taxonomy, tmp_path, capsys):
    pictures = tree(tmp_path / "set", glitches=12, label="Unicorn")
    tree(pictures, glitches=2)
    table = tmp_path / "left-out.csv"
    run(pictures, "--left-out", table, status=1)
    said = capsys.readouterr()
    assert "12 of them will be left out" in said.out
    assert "load_classes --also Unicorn" in said.out
    assert "2 imported, 0 there already, 12 bad" in said.out
    assert said.err.count("There is no glitch class 'Unicorn'") == 10
    assert "and 2 more [unknown_class]" in said.err
    header, *rows = csv.reader(table.read_text().splitlines())
    assert header == ["name", "code", "message"]
    assert [row[:2] for row in rows] == [[f"H1_Unic{n:06d}", "unknown_class"] for n in range(12)]


def test_a_table_of_faults_that_cannot_be_written_is_told_before_the_import(taxonomy, tmp_path):
    with pytest.raises(CommandError, match="bad_path"):
        run(tree(tmp_path / "set"), "--left-out", tmp_path / "nowhere" / "left-out.csv")
    assert not Glitch.objects.exists()


def test_a_misspelt_class_is_told_by_the_one_that_is_meant(taxonomy, tmp_path, capsys):
    pictures = tree(tmp_path, glitches=1, label="blip")
    tree(pictures, glitches=2, label="Unicorn")
    run(pictures, status=1)
    said = capsys.readouterr()
    assert "3 of them will be left out: 'blip' is no class, did you mean Blip?" in said.out
    assert "load_classes --also Unicorn does it" in said.out
    assert "no glitch class 'blip' to give as gold label; did you mean Blip?" in said.err
    assert said.err.count("load it first") == 2


@pytest.mark.parametrize(
    ("fact", "value"), [("snr", "-5"), ("peak_frequency", "-1"), ("event_time", "1e18")]
)
def test_impossible_numbers_are_refused_also_when_they_would_complete(
    taxonomy, tmp_path, capsys, fact, value
):
    pictures = tree(tmp_path / "set", glitches=2)
    (pictures / "Blip" / "train" / "H1_Blip000000_spectrogram_4.0.png").rename(tmp_path / "later")
    run(pictures)
    (tmp_path / "later").rename(pictures / "Blip" / "train" / "H1_Blip000000_spectrogram_4.0.png")
    rows = [
        {"gravityspy_id": f"Blip00000{n}", "ifo": "H1", "label": "Blip", "sample_type": split}
        for n, split in enumerate(SPLITS[:2])
    ]
    table = write_table(tmp_path / "table.csv", [row | {fact: value} for row in rows])
    run(pictures, "--metadata", table, status=1)
    said = capsys.readouterr()
    assert "0 imported, 0 there already, 2 bad" in said.out
    assert said.err.count("[impossible_time]" if fact == "event_time" else "[bad_number]") == 2
    assert not Glitch.objects.exclude(**{fact: None}).exists()


def test_without_classes_the_command_says_what_to_do_first(db, tmp_path):
    with pytest.raises(CommandError, match="load_classes"):
        call_command("import_trainingset", str(tree(tmp_path)))


def test_simulated_pictures_in_the_published_layout(taxonomy, tmp_path):
    simulate_dataset(tmp_path / "sim", {"Blip": 2, "Whistle": 1}, seed=1, processes=1)
    for label in ("Blip", "Whistle"):
        (tmp_path / "set" / label).mkdir(parents=True)
        (tmp_path / "sim" / label).rename(tmp_path / "set" / label / "validation")
    run(tmp_path / "set", "--simulated")
    assert Picture.objects.count() == 12
    assert Glitch.objects.filter(is_simulated=True).count() == 3
    assert set(GoldLabel.objects.values_list("split", flat=True)) == {"validation"}


def test_hdf5_pictures_are_imported_as_energy(taxonomy, tmp_path, capsys):
    inside = {
        f"Blip/{split}/Blip00000{number}/{duration}.png": make_picture(number)
        for number, split in enumerate(SPLITS)
        for duration in (0.5, 4.0)
    }
    source = write_hdf5(tmp_path / "set.h5", inside)
    rows = [
        {"gravityspy_id": f"Blip00000{n}", "ifo": "L1", "label": "Blip", "sample_type": split}
        for n, split in enumerate(SPLITS)
    ]
    table = write_table(tmp_path / "table.csv", rows)
    run(source, "--metadata", table)
    run(source, "--metadata", table)
    assert "0 imported, 3 there already, 0 bad" in capsys.readouterr().out
    assert set(Picture.objects.values_list("width", "height")) == {(170, 140)}


@pytest.mark.skipif(
    not SPECTROGRAMS.is_dir(), reason=f"no real spectrograms in {SPECTROGRAMS} (set NOTA_SHARED)"
)
def test_real_pictures_in_the_published_layout(taxonomy, tmp_path, capsys):
    from labeling.services.classes import load_gravity_spy

    load_gravity_spy(also=["Fast_Scattering"])
    wanted = {}
    for label in sorted(p.name for p in SPECTROGRAMS.iterdir()):
        for path in sorted((SPECTROGRAMS / label).glob("*.png"))[:12]:
            glitch = parse_picture_name(path.name).gravityspy_id
            split = SPLITS[sum(map(ord, glitch)) % 3]
            wanted[glitch] = (label, split)
            place = tmp_path / "TrainingSet" / label / split
            place.mkdir(parents=True, exist_ok=True)
            (place / path.name).symlink_to(path.resolve())
    run(tmp_path / "TrainingSet")
    stored = GoldLabel.objects.values_list("glitch__gravityspy_id", "glitch_class__label", "split")
    assert {glitch: (label, split) for glitch, label, split in stored} == wanted
