"""When a training is asked for by itself, that reasons join, and what is kept of a refusal."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from labeling.models import (
    DriftCheck,
    Glitch,
    GoldLabel,
    LabelCheck,
    LabelIssue,
    ModelVersion,
    TrainingRequest,
    TrainingRun,
)
from labeling.models.runs import Run
from labeling.selectors.pauses import pause_of_the_house
from labeling.selectors.training_requests import unanswered_refusal
from labeling.services.classes import add_class, freeze_class_list
from labeling.services.label_issues import decide_issue, undo_issue
from labeling.services.retraining import (
    Due,
    Trigger,
    ask_for_training,
    ask_if_due,
    reasons_due,
    start_if_due,
)
from ml.vision.recipes import settings_for
from tests.conftest import make_glitch, make_volunteer
from tests.labeling.judging_world import make_classifier
from tests.labeling.services.test_proposals import make_proposal

pytestmark = pytest.mark.django_db
LABELS = Due(Trigger.LABELS, "12 new labels")
DRIFT = Due(Trigger.DRIFT, "drift: the classes moved")


@pytest.fixture
def trained(taxonomy, settings):
    """A training of long ago on ten glitches, and nothing else that asks for one."""
    settings.RETRAIN_LABELS, settings.RETRAIN_SHARE, settings.RETRAIN_DAYS = 0, 0.0, 0.0
    settings.RETRAIN_WAIT_SECONDS = 60
    for number in range(10):
        make_glitch(number, gold_label="Blip" if number % 2 else "Whistle")
    return ended_run(Run.State.SUCCEEDED)


def ended_run(state, **fields):
    return TrainingRun.objects.create(state=state, ended_at=timezone.now(), **fields)


def house_run(state, **fields):
    """A training that the house asked for."""
    run = ended_run(state, **fields)
    TrainingRequest.objects.create(
        state="started", training_run=run, due_at=run.ended_at, ended_at=run.ended_at
    )
    return run


def asked(now):
    """What the request that the house makes, if it does, was triggered by."""
    ask_if_due(now)
    request = TrainingRequest.objects.filter(state="waiting").first()
    return sorted(request.reasons) if request else []


def add_labels(count):
    for number in range(count):
        make_glitch(50 + number, gold_label="Blip")


@pytest.mark.parametrize(("wanted", "is_due"), [(0, False), (3, True), (4, False)])
def test_new_labels_are_counted_since_the_last_training(trained, settings, wanted, is_due):
    add_labels(3)
    settings.RETRAIN_LABELS = wanted
    assert [due.trigger for due in reasons_due(timezone.now())] == [Trigger.LABELS] * is_due


def test_a_share_of_the_last_training_set_is_enough(trained, settings, taxonomy):
    for glitch in [make_glitch(n) for n in range(20, 30)]:
        trained.examples.create(glitch=glitch, glitch_class=taxonomy["Blip"], split="train")
    settings.RETRAIN_SHARE = 0.3
    add_labels(2)
    assert reasons_due(timezone.now()) == []
    make_glitch(60, gold_label="Blip")
    (due,) = reasons_due(timezone.now())
    assert due.words == f"3 new or corrected labels since training {trained.pk}, which had 10"


def add_alert(version, week):
    return DriftCheck.objects.create(
        model_version=version,
        week=week,
        glitches=100,
        glitches_before=400,
        measured={},
        is_alert=True,
        words="The classes predicted moved.",
    )


def test_drift_since_the_last_training_is_a_reason(trained, settings):
    add_alert(make_classifier(1), week=0)
    (due,) = reasons_due(timezone.now())
    assert (due.trigger, due.words) == (Trigger.DRIFT, "drift: The classes predicted moved.")
    settings.RETRAIN_ON_DRIFT = False
    assert reasons_due(timezone.now()) == []


def test_the_same_week_is_no_reason_again_for_the_version_that_came_of_it(trained):
    """Else the new version's alert would ask for the next training, and so on without end."""
    first = make_classifier(1, state="replaced")
    add_alert(first, week=604800)
    TrainingRun.objects.create(state=Run.State.SUCCEEDED)
    second = make_classifier(2)
    add_alert(second, week=604800)
    assert reasons_due(timezone.now()) == []
    add_alert(second, week=2 * 604800)
    assert [due.trigger for due in reasons_due(timezone.now())] == [Trigger.DRIFT]


@pytest.fixture
def born(trained, taxonomy):
    """Classifier 1 in use knows Blip and Whistle; Crown was born since, with five gold labels."""
    trained.class_list = freeze_class_list(["Blip", "Whistle"])
    trained.save()
    make_classifier(1)
    crown = add_class("Crown", "Crown", "")
    crown.proposal = make_proposal([], state="accepted")
    crown.save()
    for number in range(70, 75):
        make_glitch(number, gold_label="Crown")
    return crown


@pytest.mark.parametrize(
    ("state", "knows", "is_due"),
    [
        (Run.State.SUCCEEDED, ["Blip", "Whistle"], True),
        (Run.State.SUCCEEDED, ["Blip", "Crown"], False),  # and its version was kept out
        (Run.State.RUNNING, ["Blip", "Whistle"], False),
    ],
)
def test_a_class_that_no_training_has_known_is_a_reason(born, state, knows, is_due):
    TrainingRun.objects.create(state=state, class_list=freeze_class_list(knows))
    found = reasons_due(timezone.now())
    assert [due.words for due in found] == ["classes without a training: Crown"] * is_due


@pytest.mark.parametrize(("state", "hours"), [(Run.State.FAILED, 6), (Run.State.CANCELLED, 24)])
def test_a_training_that_came_to_nothing_uses_up_no_reason_but_makes_a_pause(
    born, settings, state, hours
):
    settings.RETRAIN_LABELS, settings.RETRAIN_DAYS = 3, 0.1
    add_alert(ModelVersion.objects.get(), week=0)
    run = house_run(state, class_list=freeze_class_list(["Blip", "Whistle", "Crown"]))
    assert asked(run.ended_at + timedelta(hours=hours, minutes=-1)) == []
    reasons = asked(run.ended_at + timedelta(hours=hours, minutes=1))
    assert reasons == ["drift", "labels", "new_class", "schedule"]


def test_the_pause_doubles_each_time_that_the_house_tried_in_vain_up_to_a_week(trained):
    now = timezone.now()
    hours = []
    for _ in range(7):
        run = house_run(Run.State.FAILED)
        pause = pause_of_the_house(now)
        hours.append((pause.until - run.ended_at) / timedelta(hours=1))
        assert pause.run == run
    assert hours == [6, 12, 24, 48, 96, 168, 168]
    again = ended_run(Run.State.SUCCEEDED)
    assert pause_of_the_house(now) is None
    for _ in range(3):  # a person's own trainings
        failed = ended_run(Run.State.FAILED, settings={"recipe": "auto"})
    assert pause_of_the_house(now).until - failed.ended_at == timedelta(hours=6)
    TrainingRun.objects.filter(pk=again.pk).update(ended_at=timezone.now())  # gone on with
    assert pause_of_the_house(now) is None


NOTA_CPU = settings_for("nota-cpu").to_dict()


@pytest.mark.parametrize(
    ("state", "stored", "site", "is_pause"),
    [
        ("failed", {"recipe": "auto"}, "", True),
        ("failed", NOTA_CPU, "", True),  # "auto", as a worker without a GPU has chosen
        ("failed", NOTA_CPU, "nota-cpu", True),
        ("failed", NOTA_CPU, "nota-few", False),
        ("failed", NOTA_CPU | {"backbone": "vgg11"}, "nota-cpu", False),
        ("failed", {"recipe": "auto", "epochs": 3}, "", False),
        ("failed", NOTA_CPU, "no-such-recipe", False),
        ("cancelled", {"recipe": "auto"}, "", False),
    ],
)
def test_a_persons_training_stops_the_house_only_if_what_the_site_trains_by_failed(
    trained, settings, state, stored, site, is_pause
):
    settings.TRAINING_RECIPE = site
    ended_run(state, settings=stored)
    assert (pause_of_the_house(timezone.now()) is not None) == is_pause


def test_a_persons_experiment_does_not_end_a_pause_by_failing(trained):
    own = house_run(Run.State.FAILED)
    ended_run(Run.State.FAILED, settings=NOTA_CPU | {"backbone": "vgg11"})
    assert pause_of_the_house(timezone.now()).run == own
    ended_run(Run.State.SUCCEEDED, settings=NOTA_CPU | {"backbone": "vgg11"})
    assert pause_of_the_house(timezone.now()) is None


def test_a_request_of_the_house_waits_for_the_end_of_the_pause_and_a_persons_does_not(trained):
    now = timezone.now()
    ask_for_training(LABELS, now, by=None)
    cancelled = house_run(Run.State.CANCELLED)
    assert start_if_due(now + timedelta(hours=23)) is None
    waiting = TrainingRequest.objects.filter(state="waiting")
    assert waiting.count() == 1
    waiting.update(requested_by=make_volunteer("rosa", role="reviewer"))
    run = start_if_due(now + timedelta(hours=23))
    run.delete()
    TrainingRequest.objects.filter(training_run=None).delete()
    ask_for_training(LABELS, now, by=None)
    assert start_if_due(cancelled.ended_at + timedelta(hours=25)) is not None


def test_gold_labels_put_right_count_as_new_ones_and_each_once(trained, settings, taxonomy):
    settings.RETRAIN_LABELS = 3
    rosa = make_volunteer("rosa", role="reviewer")
    check = LabelCheck.objects.create(state="succeeded")
    answers = {0: "Blip", 2: "None_of_the_Above", 4: "Whistle"}  # the last: the label stands
    issues = {}
    for number, answer in answers.items():
        issue = LabelIssue.objects.create(
            label_check=check,
            glitch=Glitch.objects.get(gravityspy_id=f"{number:010d}"),
            origin="gold",
            given_class=taxonomy["Whistle"],
            suggested_class=taxonomy["Blip"],
            given_probability=0.1,
            suggested_probability=0.9,
            misread=1.0,
        )
        issues[number] = decide_issue(issue.pk, by=rosa, answer=taxonomy[answer])
    assert asked(timezone.now()) == []
    make_glitch(60, gold_label="Blip")
    (due,) = reasons_due(timezone.now())
    assert due.words.startswith("3 new or corrected labels")
    undo_issue(issues[0].pk, by=rosa)
    assert reasons_due(timezone.now()) == []


def test_a_class_with_too_few_labels_is_no_reason_yet(born):
    GoldLabel.objects.filter(glitch_class=born).first().delete()
    assert reasons_due(timezone.now()) == []


def test_a_birth_makes_a_waiting_request_due_soon_and_joins_its_reasons(trained):
    now = timezone.now()
    ask_for_training(LABELS, now, by=None)
    ask_for_training(Due(Trigger.NEW_CLASS, "a class was born: Crown"), now, by=None)
    assert start_if_due(now + timedelta(seconds=4)) is None
    run = start_if_due(now + timedelta(seconds=6))
    assert run.reason == "12 new labels; a class was born: Crown"


@pytest.mark.parametrize(("recipe", "code"), [("nota-cpi", "unknown_recipe"), ("ensemble", None)])
def test_a_recipe_that_cannot_be_trained_is_a_refusal_in_words(trained, settings, recipe, code):
    settings.TRAINING_RECIPE = recipe
    now = timezone.now()
    ask_for_training(LABELS, now, by=None)
    assert start_if_due(now + timedelta(minutes=2)) is None
    refused = unanswered_refusal()
    assert refused.refusal_code == (code or "no_members")
    assert recipe in refused.refusal or "members" in refused.refusal


def test_the_schedule_counts_from_the_last_training(trained, settings):
    settings.RETRAIN_DAYS = 7
    now = timezone.now()
    assert reasons_due(now + timedelta(days=6)) == []
    (due,) = reasons_due(now + timedelta(days=8))
    assert due.trigger == Trigger.SCHEDULE


@pytest.mark.parametrize("state", [Run.State.REQUESTED, Run.State.RUNNING, None])
def test_nothing_is_due_during_a_training_nor_before_the_first(trained, settings, state):
    settings.RETRAIN_LABELS = 1
    add_labels(1)
    if state is None:
        TrainingRun.objects.all().delete()
    else:
        TrainingRun.objects.create(state=state)
    assert reasons_due(timezone.now()) == []


def test_reasons_join_and_one_training_starts_when_the_wait_is_over(trained):
    now = timezone.now()
    ask_for_training(LABELS, now, by=None)
    ask_for_training(DRIFT, now + timedelta(seconds=30), by=None)
    ask_for_training(LABELS, now + timedelta(seconds=40), by=None)
    assert start_if_due(now + timedelta(seconds=59)) is None
    run = start_if_due(now + timedelta(seconds=61))
    request = TrainingRequest.objects.get()
    assert run.reason == "drift: the classes moved; 12 new labels"
    assert (request.state, request.training_run) == ("started", run)
    assert start_if_due(now + timedelta(seconds=99)) is None
    assert TrainingRun.objects.filter(state=Run.State.REQUESTED).count() == 1


def test_a_training_under_way_is_waited_for(trained, settings):
    settings.RETRAIN_WAIT_SECONDS = 0
    now = timezone.now()
    other = TrainingRun.objects.create(state=Run.State.RUNNING)
    ask_for_training(LABELS, now, by=None)
    assert start_if_due(now) is None
    assert TrainingRequest.objects.get().state == "waiting"
    TrainingRun.objects.filter(pk=other.pk).update(state=Run.State.SUCCEEDED)
    assert start_if_due(now) is not None


def test_the_database_holds_one_waiting_request_a_role(trained):
    request = ask_for_training(LABELS, timezone.now(), by=None)
    request.pk = None
    with pytest.raises(IntegrityError, match="one_waiting_training"), transaction.atomic():
        request.save()


def test_too_little_data_is_told_kept_and_not_asked_again_at_once(taxonomy, settings):
    settings.RETRAIN_LABELS, settings.RETRAIN_WAIT_SECONDS = 1, 0
    ended_run(Run.State.SUCCEEDED)
    make_glitch(1, gold_label="Blip")
    now = timezone.now()
    ask_if_due(now)
    assert start_if_due(now) is None
    refused = TrainingRequest.objects.get()
    assert (refused.state, refused.refusal_code) == ("refused", "too_few_classes")
    assert "at least 2 classes" in refused.refusal
    assert unanswered_refusal() == refused
    ask_if_due(now + timedelta(hours=1))
    assert TrainingRequest.objects.count() == 1
    ask_if_due(now + timedelta(hours=7))
    assert TrainingRequest.objects.count() == 2


def test_a_refusal_is_answered_by_the_next_training(trained):
    TrainingRequest.objects.create(
        state="refused", refusal="x", due_at=timezone.now(), ended_at=timezone.now()
    )
    assert unanswered_refusal() is not None
    TrainingRun.objects.create(state=Run.State.SUCCEEDED)
    assert unanswered_refusal() is None
