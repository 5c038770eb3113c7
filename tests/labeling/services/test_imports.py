"""Imports: checked whole, stored once, the bad listed and left out."""

import threading
from functools import partial

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection, transaction

from labeling.errors import LabelingError
from labeling.models import Glitch, GoldLabel, Picture
from labeling.services.bulk_imports import ImportReport, import_glitches
from labeling.services.classes import load_gravity_spy
from labeling.services.imports import NewGlitch, import_glitch
from labeling.services.storage import path_of
from ml.errors import MLError
from tests.conftest import make_glitch, make_picture, wait_for_a_lock

pytestmark = pytest.mark.django_db


def new(**changes):
    fields = {"gravityspy_id": "abcdefghij", "ifo": "H1", "pictures": {1.0: make_picture()}}
    return NewGlitch(**fields | changes)


def test_the_same_import_again_adds_nothing(taxonomy):
    first, created = import_glitch(new(), by=None)
    again, created_again = import_glitch(new(), by=None)
    assert (created, created_again) == (True, False)
    assert first == again
    assert Picture.objects.count() == 1
    assert path_of(Picture.objects.get()).read_bytes() == make_picture()


def test_a_gold_label_may_come_later(taxonomy):
    import_glitch(new(), by=None)
    import_glitch(new(gold_label="Blip"), by=None)
    assert GoldLabel.objects.get().glitch_class.label == "Blip"


@pytest.mark.django_db(transaction=True)
def test_of_two_imports_at_once_the_second_one_still_gives_its_gold_label():
    """It did not see the first one's glitch, and the database refused to store it twice."""
    load_gravity_spy()

    def give_gold() -> None:
        try:
            import_glitch(new(gold_label="Blip"), by=None)
        finally:
            connection.close()

    other = threading.Thread(target=give_gold)
    with transaction.atomic():
        import_glitch(new(), by=None)
        other.start()
        wait_for_a_lock()
    other.join(60)
    assert GoldLabel.objects.get().glitch_class.label == "Blip"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"pictures": {1.0: b"not a picture"}}, "unsupported_picture_type"),
        ({"pictures": {1.0: make_picture()[:200]}}, "unreadable_picture"),
        ({"pictures": {3.0: make_picture()}}, "unknown_duration"),
        ({"pictures": {}}, "no_picture"),
        ({"ifo": "X1"}, "unknown_detector"),
        ({"gravityspy_id": "../../etc/passwd"}, "path_in_name"),
        ({"gravityspy_id": "short"}, "bad_picture_name"),
        ({"gold_label": "Unicorn"}, "unknown_class"),
    ],
)
def test_bad_input_is_named_and_leaves_nothing(taxonomy, changes, code):
    with pytest.raises((LabelingError, MLError)) as refusal:
        import_glitch(new(**changes), by=None)
    assert refusal.value.code == code
    assert not Glitch.objects.exists()


def test_one_bad_picture_of_several_leaves_the_glitch_out_whole(taxonomy):
    pictures = {1.0: make_picture(), 2.0: b"\x89PNG\r\n\x1a\n broken"}
    with pytest.raises(LabelingError, match=r"spectrogram_2.0"):
        import_glitch(new(pictures=pictures), by=None)
    assert not Glitch.objects.exists()


def test_the_same_id_with_other_content_is_refused(taxonomy):
    import_glitch(new(), by=None)
    with pytest.raises(LabelingError) as refusal:
        import_glitch(new(pictures={1.0: make_picture(seed=5)}), by=None)
    assert refusal.value.code == "duplicate_id"


def test_the_good_go_on_where_one_is_bad(taxonomy):
    report = ImportReport()
    makers = [
        partial(new, gravityspy_id=f"glitch{i:04d}", pictures={1.0: data})
        for i, data in enumerate([make_picture(1), b"bad", make_picture(2)])
    ]
    imported = [g.gravityspy_id for g in import_glitches(makers, by=None, report=report)]
    assert imported == ["glitch0000", "glitch0002"]
    assert [(name, code) for name, code, _ in report.bad] == [
        ("H1_glitch0001", "unsupported_picture_type")
    ]


def write(folder, *names):
    for number, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(make_picture(number))


def test_the_command_imports_a_folder_and_says_what_was_bad(taxonomy, tmp_path, capsys):
    write(
        tmp_path,
        "Blip/H1_aaaaaaaaaa_spectrogram_0.5.png",
        "Blip/H1_aaaaaaaaaa_spectrogram_4.0.png",
        "Whistle/L1_1264785164.195310_spectrogram_4.0.png",
        "Whistle/L1_bbbbbbbbbb_spectrogram_3.0.png",
    )
    with pytest.raises(SystemExit) as status:
        call_command("import_glitches", str(tmp_path), "--labels-from-folders")
    said = capsys.readouterr()
    assert status.value.code == 1
    assert "2 imported, 0 there already, 1 bad" in said.out
    assert "unknown_duration" in said.err
    by_gps = Glitch.objects.get(gravityspy_id="1264785164.195310")
    assert by_gps.event_time == pytest.approx(1264785164.19531)
    assert GoldLabel.objects.get(glitch=by_gps).glitch_class.label == "Whistle"


def test_times_in_nanoseconds_are_refused_with_what_is_wanted(taxonomy, tmp_path, capsys):
    times = {"aaaaaaaaaa": "1264785164190000000", "bbbbbbbbbb": "nan", "cccccccccc": "5e9"}
    write(tmp_path / "set", *(f"H1_{name}_spectrogram_4.0.png" for name in times))
    table = tmp_path / "metadata.csv"
    rows = [f"{name},{seconds}" for name, seconds in times.items()]
    table.write_text("\n".join(["gravityspy_id,event_time", *rows]))
    with pytest.raises(SystemExit):
        call_command("import_glitches", str(tmp_path / "set"), "--metadata", str(table))
    said = capsys.readouterr()
    assert "1 imported, 0 there already, 2 bad" in said.out
    assert said.err.count("[impossible_time]") == 2
    assert "GPS seconds from 0 to 5000000000 are wanted" in said.err
    assert Glitch.objects.get().event_time == 5e9


def test_an_empty_folder_is_said_to_be_empty(taxonomy, tmp_path):
    with pytest.raises(CommandError, match="empty_folder"):
        call_command("import_glitches", str(tmp_path))


def test_gold_is_split_so_that_every_class_is_tested(taxonomy):
    for number in range(20):
        make_glitch(number, gold_label="Blip")
    splits = list(GoldLabel.objects.order_by("pk").values_list("split", flat=True))
    assert (splits[0], splits[1]) == ("train", "test")
    assert sorted(splits) == ["test"] * 5 + ["train"] * 12 + ["validation"] * 3
