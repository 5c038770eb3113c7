"""The published training set's layouts, and what can be wrong with them."""

import numpy as np
import pytest

from ml.pictures import read_energy
from ml.published import PublishedError, read_published
from ml.published_hdf5 import as_png
from tests.conftest import make_picture
from tests.published import write_hdf5, write_table


def put(folder, *names):
    for number, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(make_picture(number))


def test_the_folder_says_label_split_detector_and_durations(tmp_path):
    put(
        tmp_path,
        "Blip/train/H1_aaaaaaaaaa_spectrogram_0.5.png",
        "Blip/train/H1_aaaaaaaaaa_spectrogram_4.0.png",
        "Whistle/test/L1_bbbbbbbbbb_spectrogram_1.0.png",
    )
    glitches, faults = read_published(tmp_path)
    assert faults == []
    said = [(g.gravityspy_id, g.ifo, g.label, g.split, list(g.pictures)) for g in glitches]
    assert said == [
        ("aaaaaaaaaa", "H1", "Blip", "train", [0.5, 4.0]),
        ("bbbbbbbbbb", "L1", "Whistle", "test", [1.0]),
    ]
    assert glitches[0].pictures[4.0]() == make_picture(1)


def test_the_table_gives_what_the_folders_do_not(tmp_path):
    put(tmp_path, "H1_aaaaaaaaaa_spectrogram_4.0.png")
    row = {"gravityspy_id": "aaaaaaaaaa", "ifo": "H1", "label": "Blip", "sample_type": "test"}
    facts = {"event_time": "1131949939.5", "snr": "19.0", "peak_frequency": ""}
    table = write_table(tmp_path / "table.csv", [row | facts])
    ((glitch,), faults) = read_published(tmp_path, table)
    assert faults == []
    assert (glitch.label, glitch.split, glitch.event_time) == ("Blip", "test", 1131949939.5)
    assert (glitch.snr, glitch.peak_frequency) == (19.0, None)


def test_the_hdf5_file_needs_the_table_for_its_detectors(tmp_path):
    source = write_hdf5(tmp_path / "set.h5", {"Blip/train/aaaaaaaaaa/1.0.png": make_picture(3)})
    assert [fault.code for fault in read_published(source)[1]] == ["missing_detector"]
    row = {"gravityspy_id": "aaaaaaaaaa", "ifo": "V1", "label": "Blip", "sample_type": "train"}
    ((glitch,), faults) = read_published(source, write_table(tmp_path / "table.csv", [row]))
    assert faults == []
    assert glitch.ifo == "V1"
    assert read_energy(glitch.pictures[1.0]()).shape == (140, 170)


def test_luminance_leads_back_to_the_energy():
    from ml.published_hdf5 import LUMINANCE
    from ml.viridis import VIRIDIS

    energy = np.tile(np.arange(256, dtype=np.uint8), (40, 1))
    luminance = (VIRIDIS[energy] @ LUMINANCE / 255).astype(np.float32)[None]  # (1, 40, 256)
    back = read_energy(as_png(luminance, "x")).astype(int)
    assert np.abs(back - energy).max() <= 1


PLACE = "Blip/train/H1_aaaaaaaaaa_spectrogram_4.0.png"
ROW = {"gravityspy_id": "aaaaaaaaaa", "ifo": "H1", "label": "Blip", "sample_type": "train"}


@pytest.mark.parametrize(
    ("places", "rows", "codes", "kept"),
    [
        (["Blip/holdout/H1_aaaaaaaaaa_spectrogram_4.0.png"], None, ["bad_split"], 0),
        ([PLACE, "Tomte/train/H1_aaaaaaaaaa_spectrogram_1.0.png"], None, ["duplicate_id"], 0),
        ([PLACE, "Blip/train/x/H1_aaaaaaaaaa_spectrogram_1.0.png"], None, ["duplicate_id"], 0),
        ([PLACE, "Blip/train/L1_bbbbbbbbbb_spectrogram_3.0.png"], None, ["unknown_duration"], 1),
        ([PLACE], [ROW, ROW | {"gravityspy_id": "bbbbbbbbbb"}], ["missing_pictures"], 1),
        ([PLACE], [ROW, ROW], ["duplicate_id"], 1),
        ([PLACE], [ROW, ROW | {"label": "Tomte"}], ["duplicate_id"] * 2, 0),
        ([PLACE], [ROW | {"label": "Tomte"}], ["duplicate_id"], 0),
        ([PLACE], [ROW | {"ifo": "X1"}], ["duplicate_id"], 0),
        ([PLACE], [ROW | {"snr": "loud"}], ["bad_number"], 0),
        ([PLACE], [ROW | {"snr": "nan"}], ["bad_number"], 0),
        ([PLACE], [ROW | {"event_time": "inf"}], ["bad_number"], 0),
        ([PLACE], [ROW | {"gravityspy_id": "../../etc"}], ["bad_id", "not_in_metadata"], 0),
        ([PLACE], [ROW | {"sample_type": ""}], ["duplicate_id"], 0),
    ],
)
def test_what_is_wrong_is_said_and_the_rest_kept(tmp_path, places, rows, codes, kept):
    put(tmp_path, *places)
    table = write_table(tmp_path / "table.csv", rows) if rows else None
    glitches, faults = read_published(tmp_path, table)
    assert [fault.code for fault in faults] == codes
    assert len(glitches) == kept


@pytest.mark.parametrize("what", ["missing", "empty", "a text"])
def test_a_source_that_is_none_is_refused(tmp_path, what):
    source = tmp_path / "source"
    if what == "empty":
        source.mkdir()
    elif what == "a text":
        source.write_text("no HDF5")
    with pytest.raises(PublishedError) as refusal:
        read_published(source)
    assert refusal.value.code == ("no_pictures" if what == "empty" else "no_source")


def test_a_table_saved_by_a_spreadsheet_loses_no_column(tmp_path):
    put(tmp_path, PLACE)
    table = write_table(tmp_path / "table.csv", [ROW | {"event_time": "1131949939.5"}])
    table.write_text(table.read_text(), encoding="utf-8-sig")  # a mark in front of "event_time"
    ((glitch,), faults) = read_published(tmp_path, table)
    assert (glitch.event_time, faults) == (1131949939.5, [])


@pytest.mark.parametrize("damage", ["cut", "hole"])
def test_a_damaged_hdf5_file_is_refused(tmp_path, damage):
    inside = {f"Blip/train/aaaaaaa{n:03d}/4.0.png": make_picture(n) for n in range(20)}
    source = write_hdf5(tmp_path / "set.h5", inside)
    data = source.read_bytes()
    half = len(data) // 2
    source.write_bytes(data[:half] if damage == "cut" else data[:100] + bytes(len(data) - 100))
    with pytest.raises(PublishedError, match=r"set\.h5 .* fetch it again") as refusal:
        read_published(source)
    assert refusal.value.code == "damaged_hdf5"


def test_pictures_of_other_endings_are_listed_and_hidden_files_passed_over(tmp_path):
    put(
        tmp_path,
        PLACE,
        "Blip/train/H1_aaaaaaaaaa_spectrogram_0.5.PNG",
        "Blip/train/H1_aaaaaaaaaa_spectrogram_1.0.jpg",
        "Blip/train/._H1_aaaaaaaaaa_spectrogram_4.0.png",
        "Blip/train/notes.txt",
    )
    ((glitch,), faults) = read_published(tmp_path)
    assert list(glitch.pictures) == [4.0]
    assert [(fault.name[-7:], fault.code) for fault in faults] == [
        ("0.5.PNG", "wrong_extension"),
        ("1.0.jpg", "wrong_extension"),
    ]


def test_a_table_of_other_columns_is_refused(tmp_path):
    put(tmp_path, PLACE)
    (tmp_path / "table.csv").write_text("id,what\n1,2\n")
    with pytest.raises(PublishedError, match="gravityspy_id, ifo, label, sample_type"):
        read_published(tmp_path, tmp_path / "table.csv")
