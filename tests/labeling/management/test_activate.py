"""manage.py activate: into use, and back."""

import pytest
from django.core.management import CommandError, call_command

from labeling.models import AuditEvent, ModelVersion
from tests.labeling.judging_world import make_classifier

pytestmark = pytest.mark.django_db


@pytest.fixture
def two(taxonomy, monkeypatch):
    """Classifier 1 is in use, 2 was kept out."""
    monkeypatch.setattr("labeling.jobs.send_now", lambda name, **ids: None)
    make_classifier(1)
    make_classifier(2, state="kept_out")


def in_use() -> int:
    return ModelVersion.objects.get(state="active").number


def test_a_version_is_put_into_use_and_taken_back(two, capsys):
    call_command("activate", "2", "--reason", "knows Whistles")
    assert (in_use(), capsys.readouterr().out) == (2, "classifier 2 is in use.\n")
    second = ModelVersion.objects.get(number=2)
    assert second.decision_reason == "Activated by the house: knows Whistles"
    call_command("activate", "--back")
    assert in_use() == 1
    verbs = AuditEvent.objects.order_by("pk").values_list("verb", flat=True)
    assert list(verbs) == ["activate", "roll_back"]


def test_a_reason_is_cut_as_on_its_page(two):
    call_command("activate", "2", "--reason", "x" * 501)
    reason = ModelVersion.objects.get(number=2).decision_reason
    assert reason == f"Activated by the house: {'x' * 500}"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["9"], "There is no classifier version 9"),
        (["--back"], "No classifier was in use before 1"),
        (["--back", "--role", "embedding"], "No embedding is in use"),
        (["2", "--reason", "a\x00b"], "unprintable_reason"),
        (["2", "--reason", "a\udcff"], "unprintable_reason"),  # a byte 0xff in the shell
        ([], "one of the arguments NUMBER --back is required"),
    ],
)
def test_what_makes_no_sense_is_refused(two, arguments, words):
    with pytest.raises(CommandError, match=words):
        call_command("activate", *arguments)
    assert in_use() == 1
