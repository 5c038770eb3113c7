"""Back to the version before, in one step, with its predictions used again."""

import hashlib
import threading

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from labeling.errors import LabelingError
from labeling.models import AuditEvent, DiscoveryRun, Glitch, ModelVersion, TrainingRun
from labeling.services.activation import activate
from labeling.services.classes import load_gravity_spy
from labeling.services.discovery import Discovered, finish_discovery
from labeling.services.predictions import route_again, unscored_glitches
from labeling.services.shadow import begin_trial, conclude_trial
from labeling.services.training_results import Trained, finish_training
from labeling.services.versions import activate_version, roll_back
from tests.conftest import make_glitch, make_volunteer, write_weights
from tests.labeling.crowds import wait_until_somebody_waits
from tests.labeling.judging_world import make_classifier, say

pytestmark = pytest.mark.django_db


def put_into_use(number):
    before = ModelVersion.objects.filter(state="active").first()
    version = make_classifier(number, state="candidate")
    activate(version, instead_of=before.pk if before else None, by=None)
    return version


@pytest.fixture
def three(taxonomy):
    return [put_into_use(number) for number in (1, 2, 3)]


def in_use():
    return ModelVersion.objects.get(state="active").number


def test_each_step_back_goes_to_the_version_before(three):
    roll_back("classifier", instead_of=3, by=None)
    assert in_use() == 2
    roll_back("classifier", instead_of=2, by=None)
    assert in_use() == 1
    with pytest.raises(LabelingError) as refusal:
        roll_back("classifier", instead_of=1, by=None)
    assert refusal.value.code == "no_earlier_version"


def test_a_second_click_does_not_go_back_twice(three):
    roll_back("classifier", instead_of=3, by=None)
    with pytest.raises(LabelingError) as refusal:
        roll_back("classifier", instead_of=3, by=None)
    assert (refusal.value.code, in_use()) == ("activation_conflict", 2)


def test_a_version_chosen_by_a_person_can_be_taken_back_too(three):
    activate_version("classifier", 1, by=None)
    roll_back("classifier", instead_of=1, by=None)
    assert in_use() == 3


@pytest.mark.parametrize(
    ("chosen", "back"),
    [
        ([], [3, 2, 1]),
        ([1], [4, 3, 2]),  # over three steps: 1 was in use last, and is not come to again
        ([2], [4, 3, 1]),
        ([2, 4, 1], [4, 3]),  # from 2 to 4 is one step
        ([3], [2, 1]),  # one step is what a rollback does: 4 is left behind
        ([3, 4], [3, 2, 1]),
    ],
)
def test_the_way_back_comes_to_each_version_once_and_ends(three, chosen, back):
    put_into_use(4)
    for number in chosen:
        activate_version("classifier", number, by=None)
    gone_back = []
    while ModelVersion.objects.get(state="active").replaces and len(gone_back) < 9:
        gone_back.append(roll_back("classifier", instead_of=in_use(), by=None).number)
    assert gone_back == back


def spoil(version):
    (settings.MODELS_FOLDER / version.weights).write_bytes(b"half of a fi")


def lose(version):
    (settings.MODELS_FOLDER / version.weights).unlink()


@pytest.mark.parametrize(("event", "code"), [(spoil, "damaged_weights"), (lose, "missing_weights")])
def test_a_version_whose_file_is_not_as_it_was_is_not_put_into_use(three, event, code):
    event(three[1])
    for put_into_use in (
        lambda: activate_version("classifier", 2, by=None),
        lambda: roll_back("classifier", instead_of=3, by=None),
        lambda: begin_trial(three[1], by=None),
    ):
        with pytest.raises(LabelingError, match="classifier 2") as refusal:
            put_into_use()
        assert (refusal.value.code, in_use()) == (code, 3)
    assert ModelVersion.objects.get(number=2).decision_reason == ""


@pytest.mark.django_db(transaction=True)
def test_no_rows_are_held_while_a_file_is_read(monkeypatch, settings):
    settings.SHADOW_DAYS = 0.0  # every trial is over at once
    load_gravity_spy()
    with transaction.atomic():
        put_into_use(1)
    tried, other = make_classifier(2, state="kept_out"), make_classifier(3, state="kept_out")
    training = TrainingRun.objects.create(state="running", worker="w")
    search = DiscoveryRun.objects.create(state="running", worker="w")
    trained = Trained("4.pt", write_weights("4.pt"), {}, True, "better", other.pk)
    found = Discovered("5.pt", write_weights("5.pt"), [], "pixels", "best", {}, [])
    inside, read = [], hashlib.file_digest

    def digest(file, name):
        inside.append(connection.in_atomic_block)
        return read(file, name)

    monkeypatch.setattr(hashlib, "file_digest", digest)
    conclude_trial(begin_trial(tried, by=None).pk)
    activate_version("classifier", 3, by=None)
    finish_training(training, trained)
    roll_back("classifier", instead_of=4, by=None)
    finish_discovery(search, found)
    assert inside == [False] * 6


def test_who_went_back_and_why_is_kept(three):
    rosa = make_volunteer("rosa")
    version = roll_back("classifier", instead_of=3, by=rosa, reason="3 misses Whistle")
    assert version.decision_reason == "Rolled back to by rosa: 3 misses Whistle"
    deed = AuditEvent.objects.get(verb="roll_back")
    assert (deed.actor, deed.target) == (rosa, "classifier 2")


def test_what_it_predicted_earlier_routes_again(three):
    """Version 2 was sure of this Blip (level 1), version 3 was not."""
    glitch, newer = make_glitch(1), make_glitch(2)
    say(three[1], [glitch], "Blip", 0.999)
    ModelVersion.objects.filter(number=3).update(routed_at=timezone.now())
    say(three[2], [glitch, newer], "Blip", 0.5)
    assert Glitch.objects.get(pk=glitch.pk).workflow.level > 1

    version = roll_back("classifier", instead_of=3, by=None)
    assert version.routed_at is None
    assert list(unscored_glitches(version)) == [newer]
    route_again(version)
    assert Glitch.objects.get(pk=glitch.pk).workflow.level == 1
    version.refresh_from_db()
    assert version.routed_at is not None


@pytest.mark.django_db(transaction=True)
def test_the_first_two_at_the_same_instant_are_one_and_a_conflict():
    """Nothing is in use, so there is no row of which the second could see that it changed."""
    load_gravity_spy()
    for number in (1, 2):
        make_classifier(number, state="candidate")
    refusals = []

    def second():
        try:
            activate_version("classifier", 2, by=None)
        except LabelingError as refusal:
            refusals.append((refusal.code, refusal.http_status))
        finally:
            connection.close()

    other = threading.Thread(target=second)
    with transaction.atomic():
        activate_version("classifier", 1, by=None)
        other.start()
        wait_until_somebody_waits()
    other.join(60)
    assert refusals == [("activation_conflict", 409)]
    assert in_use() == 1
