"""A label check as a worker does it, on pictures; and the command that does it at once."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from labeling.models import Glitch, GlitchClass, GoldLabel, LabelCheck, LabelIssue, Picture
from labeling.models.runs import Run
from labeling.services.label_issues import request_label_check
from labeling.services.storage import path_of
from tests.conftest import make_glitch, make_volunteer
from tests.workers.test_training import import_two_classes
from workers.label_checks import check_labels

pytestmark = pytest.mark.django_db


@pytest.fixture
def planted(settings):
    """Twenty gold labels, two of them wrong."""
    settings.RUN_LEASE_SECONDS = 3600  # a renewing thread cannot see this test's rows
    import_two_classes(count=20)
    wrong = ["0000000004", "0000000007"]
    classes = {c.label: c for c in GlitchClass.objects.all()}
    for gold in GoldLabel.objects.filter(glitch__gravityspy_id__in=wrong):
        other = "Power_Line" if gold.glitch_class.label == "Blip" else "Blip"
        GoldLabel.objects.filter(pk=gold.pk).update(glitch_class=classes[other])
    return set(wrong)


def test_planted_labels_come_into_the_queue(planted):
    run = request_label_check(None, "x")
    check_labels(run.pk)
    run.refresh_from_db()
    assert (run.state, run.error) == (Run.State.SUCCEEDED, "")
    assert run.judged == 20
    found = set(LabelIssue.objects.values_list("glitch__gravityspy_id", flat=True))
    assert found == planted
    check_labels(run.pk)  # the message comes again
    assert LabelIssue.objects.count() == run.found == 2


def test_unreadable_pictures_cost_their_own_labels_alone(planted):
    """Of two labels of Whistle, the last class by its name, one cannot be read: the other has
    nothing to be compared with."""
    for number in (100, 101):
        glitch = make_glitch(number, gold_label="Whistle")
    for picture in Picture.objects.filter(glitch=glitch):
        path_of(picture).write_bytes(b"no picture")
    run = request_label_check(None, "x")
    check_labels(run.pk)
    run.refresh_from_db()
    assert (run.state, run.error, run.judged) == (Run.State.SUCCEEDED, "", 20)
    found = set(LabelIssue.objects.values_list("glitch__gravityspy_id", flat=True))
    assert found == planted


def test_where_too_few_pictures_can_be_read_the_search_says_so(planted):
    for picture in Picture.objects.all():
        path_of(picture).write_bytes(b"no picture")
    run = request_label_check(None, "x")
    check_labels(run.pk)
    run.refresh_from_db()
    assert (run.state, run.error_code) == (Run.State.FAILED, "too_few_labels")


def test_the_command_lists_what_it_found(planted, capsys):
    call_command("find_label_issues", "--repeats", "2")
    said = capsys.readouterr().out
    assert said.splitlines()[:2] == ["  0% beginning", "  5% looking at the pictures"]
    assert "20 labels judged, 2 doubtful." in said
    assert all(glitch in said for glitch in planted)
    assert "perhaps" in said


def test_the_command_says_why_it_cannot(db):
    with pytest.raises(CommandError, match="too_few_labels"):
        call_command("find_label_issues")


def test_ctrl_c_cancels_the_search_that_the_command_does(planted, monkeypatch, capsys):
    def interrupted(*_args, **_options):
        raise KeyboardInterrupt

    monkeypatch.setattr("ml.label_issues.out_of_fold", interrupted)
    with pytest.raises(KeyboardInterrupt):
        call_command("find_label_issues")
    check = LabelCheck.objects.get()
    assert (check.state, check.worker != "") == (Run.State.CANCELLED, True)
    assert f"Label check {check.pk} is cancelled." in capsys.readouterr().out


def test_the_command_follows_a_worker_that_was_quicker(planted, monkeypatch, capsys):
    check = LabelCheck.objects.create(
        state="running", stage="looking at the pictures", progress=0.2
    )
    check.leased_until = timezone.now() + timedelta(minutes=1)
    check.save()
    steps = iter([{"progress": 0.6}, {"state": "succeeded", "judged": 20, "found": 2}])

    def meanwhile(_seconds):
        LabelCheck.objects.update(**next(steps))

    monkeypatch.setattr("labeling.management.following.time.sleep", meanwhile)
    call_command("find_label_issues")
    assert capsys.readouterr().out.splitlines() == [
        " 20% looking at the pictures",
        " 60% looking at the pictures",
        "20 labels judged, 2 doubtful.",
    ]


def test_ctrl_c_leaves_the_search_that_somebody_else_asked_for(planted, monkeypatch):
    reviewer = make_volunteer("vera", role="reviewer")
    check = request_label_check(reviewer, "x")

    def interrupted(*_args, **_options):
        raise KeyboardInterrupt

    monkeypatch.setattr("ml.label_issues.out_of_fold", interrupted)
    with pytest.raises(KeyboardInterrupt):
        call_command("find_label_issues")
    check.refresh_from_db()
    assert check.state in Run.LIVE


def test_the_command_cancels_what_is_under_way(db, capsys):
    check = LabelCheck.objects.create()
    call_command("find_label_issues", "--cancel")
    check.refresh_from_db()
    assert check.state == Run.State.CANCELLED
    with pytest.raises(CommandError, match="No label check is under way"):
        call_command("find_label_issues", "--cancel")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--show", "-1"], "--show must be 0 or more"),
        (["--repeats", "1000000000000"], "bad_repeats"),
    ],
)
def test_what_makes_no_sense_is_refused_before_the_work(planted, arguments, words):
    with pytest.raises(CommandError, match=words):
        call_command("find_label_issues", *arguments)
    assert not LabelCheck.objects.exists()


def test_the_command_can_leave_the_work_to_a_worker(planted, capsys):
    call_command("find_label_issues", "--queue")
    assert LabelCheck.objects.get().state == Run.State.REQUESTED
    assert "is asked for" in capsys.readouterr().out
    assert Glitch.objects.count() == 20
