"""manage.py evaluate: the papers' tables, JSON and CSV."""

import csv
import json

import pytest
from django.core.management import CommandError, call_command

from labeling import jobs
from labeling.models import Evaluation, EvaluationRun
from labeling.services.cancelling import cancel_evaluation
from tests.conftest import make_volunteer
from tests.labeling.judging_world import make_classifier, make_gold, say, trained_on

pytestmark = pytest.mark.django_db


@pytest.fixture
def two(taxonomy):
    """Version 2, in use, is right on all four; version 1 took one Whistle for a Blip."""
    first, second = make_classifier(1, state="replaced"), make_classifier(2)
    blips, whistles = make_gold(0, "Blip", 2), make_gold(10, "Whistle", 2)
    for version in (first, second):
        say(version, [*blips, *(whistles[:1] if version == first else [])], "Blip")
        say(version, whistles[1:] if version == first else whistles, "Whistle")
    return first, second


def test_the_version_in_use_beside_another(two, tmp_path, capsys):
    call_command("evaluate", against=1, json=tmp_path / "figures.json", csv=tmp_path / "tables")
    printed = capsys.readouterr().out
    assert "McNemar" in printed
    found = json.loads((tmp_path / "figures.json").read_text())
    assert found["versions"]["classifier 2"]["accuracy"] == 1.0
    assert found["comparison"]["mcnemar"]["only_first"] == 1

    def table(name):
        with (tmp_path / "tables" / f"{name}.csv").open(newline="") as file:
            return list(csv.reader(file))

    assert table("top") == [
        ["network", "top-1", "top-2", "top-3", "top-4", "top-5", "top-1 without line classes"],
        ["classifier 2", "100.00", *["100.00"] * 4, "100.00"],
        ["classifier 1", "75.00", *["100.00"] * 4, "75.00"],
    ]
    classes = table("per_class")
    assert classes[0][:4] == ["class", "glitches", "classifier 2 precision", "classifier 2 recall"]
    assert [row[0] for row in classes[1:]] == [
        "Blip",
        "Whistle",
        "micro average",
        "macro average",
        "weighted average",
    ]
    whistle = dict(zip(classes[0], classes[2], strict=True))
    assert whistle["classifier 1 precision"] == "1.0000"
    assert whistle["classifier 1 recall"] == "0.5000"
    assert table("confusion_classifier-1") == [
        ["truth / predicted", "Blip", "Whistle"],
        ["Blip", "2", "0"],
        ["Whistle", "1", "1"],
    ]


def test_missing_predictions_are_asked_for(two, monkeypatch, django_capture_on_commit_callbacks):
    make_gold(20, "Blip", 1)
    sent = []
    monkeypatch.setattr(jobs, "send_now", lambda name, **ids: sent.append((name, ids)))
    with (
        pytest.raises(CommandError, match="has not predicted 1 of the 5"),
        django_capture_on_commit_callbacks(execute=True),
    ):
        call_command("evaluate", "--version", "1")
    run = EvaluationRun.objects.get()
    assert (run.model_version, run.against) == (two[0], None)
    assert sent == [(jobs.EVALUATE, {"run_id": run.pk})]


def test_what_a_worker_was_asked_for_is_cancelled_by_the_same_line(two, capsys):
    """One of version 1 alone, one beside 2, one in time: only the one named ends."""
    first, second = two
    for fields in ({}, {"against": second}, {"in_time": True}):
        EvaluationRun.objects.create(model_version=first, **fields)
    call_command("evaluate", "--version", "1", "--against", "2", "--cancel")
    ended = EvaluationRun.objects.get(state="cancelled")
    assert ended.against == second
    assert capsys.readouterr().out == f"Evaluation run {ended.pk} is cancelled.\n"
    with pytest.raises(CommandError, match="No such evaluation is under way"):
        call_command("evaluate", "--version", "1", "--against", "2", "--cancel")
    assert not Evaluation.objects.exists()


@pytest.mark.parametrize("interrupted", [True, False])
def test_what_is_made_here_is_cancelled_by_ctrl_c_or_elsewhere(two, monkeypatch, interrupted):
    make_gold(20, "Blip", 1)

    def works(_name: str, *, run_id: int, **_options) -> None:
        if interrupted:
            raise KeyboardInterrupt
        cancel_evaluation(run_id, by=None)

    monkeypatch.setattr(jobs, "run_here", works)
    with pytest.raises(KeyboardInterrupt if interrupted else CommandError) as ended:
        call_command("evaluate", "--here")
    assert interrupted or str(ended.value) == "It was cancelled."
    assert EvaluationRun.objects.get().state == "cancelled"


def test_ctrl_c_leaves_what_somebody_else_asked_for(two, monkeypatch):
    make_gold(20, "Blip", 1)
    reviewer = make_volunteer("ada", role="reviewer")
    run = EvaluationRun.objects.create(model_version=two[0], requested_by=reviewer)

    def interrupted(_name: str, **_options) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(jobs, "run_here", interrupted)
    with pytest.raises(KeyboardInterrupt):
        call_command("evaluate", "--version", "1", "--here")
    run.refresh_from_db()
    assert run.state == "requested"


def test_what_no_worker_can_read_is_left_out_where_it_is_asked_for(two, capsys):
    make_gold(20, "Blip", 1)
    call_command("evaluate", "--readable", against=1)
    assert "McNemar" in capsys.readouterr().out
    assert {one.figures["count"] for one in Evaluation.objects.all()} == {4}


def test_columns_beside_each_other_are_of_the_same_glitches(two, tmp_path):
    """Version 1 cannot read the fifth test glitch, 2 not the sixth: both are judged on four."""
    for version, glitch in zip(two, make_gold(20, "Blip", 2), strict=True):
        say(version, [glitch], "Blip")
    call_command("evaluate", "--readable", against=1, json=tmp_path / "figures.json")
    found = json.loads((tmp_path / "figures.json").read_text())
    assert [one["count"] for one in found["versions"].values()] == [4, 4]
    assert found["comparison"]["count"] == 4


def test_in_time_only_later_glitches_are_judged_on(two, capsys):
    with pytest.raises(CommandError, match="nothing_later"):
        call_command("evaluate", "--in-time")
    early = make_gold(30, "Blip", 1, "train", event_time=1e9)
    late = make_gold(31, "Blip", 1, event_time=1e9 + 61)
    trained_on(two[1], early[0])
    say(two[1], late, "Whistle")
    call_command("evaluate", "--in-time")
    assert "classifier 2   0.00" in capsys.readouterr().out
    assert Evaluation.objects.get().in_time


@pytest.mark.parametrize(
    ("option", "place"),
    [("--json", "file/x"), ("--json", "none/x"), ("--json", "."), ("--csv", "file")],
)
def test_what_cannot_be_written_is_told_before_the_work(two, tmp_path, option, place):
    """No file lies below a file or in a folder that is not there, and none is a folder."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(CommandError, match="The figures cannot be written"):
        call_command("evaluate", option, str(tmp_path / place))
    assert not Evaluation.objects.exists()


def test_without_a_version_in_use_one_is_named(taxonomy):
    with pytest.raises(CommandError, match="No classifier is in use"):
        call_command("evaluate")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--version", "7"], "no classifier version 7"),
        (["--version", "2", "--against", "2"], "with itself"),
    ],
)
def test_versions_that_make_no_sense(two, arguments, words):
    with pytest.raises(CommandError, match=words):
        call_command("evaluate", *arguments)
