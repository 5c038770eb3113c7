"""Trainings: when they may start, what they train on, and what goes live."""

import pytest
from django.utils import timezone

from labeling.errors import LabelingError
from labeling.models import Consensus, Glitch, ModelVersion, TrainingRun
from labeling.models.runs import Run
from labeling.services.cancelling import cancel_training
from labeling.services.classes import freeze_class_list
from labeling.services.runs import claim_run, renew_lease
from labeling.services.training import choose_recipe, request_training
from labeling.services.training_results import Trained, finish_training, record_epoch
from labeling.services.training_sets import freeze_training_set
from ml.errors import MLError
from tests.conftest import make_glitch, write_weights

pytestmark = pytest.mark.django_db


@pytest.fixture
def two_classes(taxonomy):
    for number in range(10):
        make_glitch(number, gold_label="Blip" if number % 2 else "Whistle")
    return taxonomy


def trained(goes_live=True, compared_with=None):
    sha256 = write_weights("weights.pt")
    return Trained("weights.pt", sha256, {"accuracy": 0.9}, goes_live, "why", compared_with)


def test_training_with_fewer_than_two_classes_is_refused_with_the_reason(taxonomy):
    for number in range(8):
        make_glitch(number, gold_label="Blip")
    with pytest.raises(LabelingError, match="at least 2 classes") as refusal:
        request_training(None, "too early")
    assert refusal.value.code == "too_few_classes"
    lacking = refusal.value.data["left_out"]
    assert (lacking["Whistle"], lacking.get("Blip")) == ("no labels", None)


@pytest.mark.parametrize(
    "recipe", [{"minibatch": 0}, {"no_such_key": 1}, {"recipe": "nota"}, {"members": [1, 2]}]
)
def test_settings_that_make_no_sense_are_refused_by_name(two_classes, recipe):
    with pytest.raises(MLError) as refusal:
        request_training(None, "x", recipe)
    assert refusal.value.code == "bad_settings"


def nothing(settings):
    """What these weights lack."""
    return ""


@pytest.mark.parametrize(
    ("has_gpu", "recipe", "backbone"),
    [(True, "nota", "convnext_tiny"), (False, "nota-cpu", "efficientnet-lite0")],
)
def test_where_no_recipe_is_named_the_device_of_the_worker_decides(
    two_classes, has_gpu, recipe, backbone
):
    run = request_training(None, "x", {"epochs": 2})
    assert run.settings == {"epochs": 2, "recipe": "auto"}
    run = claim_run(TrainingRun, run.pk, "first")
    choose_recipe(run, has_gpu=has_gpu, lacks_weights=nothing)
    TrainingRun.objects.update(leased_until=timezone.now())
    again = claim_run(TrainingRun, run.pk, "second")  # on a machine of the other kind
    choose_recipe(again, has_gpu=not has_gpu, lacks_weights=nothing)
    stored = TrainingRun.objects.get().settings
    assert (stored["recipe"], stored["backbone"], stored["epochs"]) == (recipe, backbone, 2)
    assert again.settings == stored


@pytest.mark.parametrize(
    ("changes", "recipe", "notes"),
    [
        ({}, "nota-cpu", ["Trained by nota-cpu instead of nota. No weights for convnext_tiny."]),
        ({"weights": "imagenet or random"}, "nota", []),
    ],
)
def test_without_its_weights_a_gpu_trains_the_small_network_and_says_so(
    two_classes, changes, recipe, notes
):
    run = claim_run(TrainingRun, request_training(None, "x", changes).pk, "w")

    def lacks(settings):
        is_needed = settings.weights == "imagenet"
        return f"No weights for {settings.backbone}." if is_needed else ""

    choose_recipe(run, has_gpu=True, lacks_weights=lacks)
    run.refresh_from_db()
    assert (run.settings["recipe"], run.notes) == (recipe, notes)


def test_a_recipe_that_is_named_stays_whatever_the_device(two_classes, settings):
    settings.TRAINING_RECIPE = "logistic-features"
    run = request_training(None, "x")
    choose_recipe(claim_run(TrainingRun, run.pk, "first"), has_gpu=True, lacks_weights=nothing)
    assert TrainingRun.objects.get().settings["recipe"] == "logistic-features"


def test_two_requests_are_one_training(two_classes):
    run = request_training(None, "first")
    with pytest.raises(LabelingError) as refusal:
        request_training(None, "second")
    assert refusal.value.code == "training_under_way"
    assert refusal.value.data == {"run": run.pk}


def test_the_training_set_is_gold_and_consensus_and_stays_frozen(two_classes):
    settled = make_glitch(50)
    Consensus.objects.create(
        glitch=settled,
        class_list=freeze_class_list(["Blip"]),
        agreement=[0.99],
        top_class=two_classes["Blip"],
        top_agreement=0.99,
        votes_count=3,
        rule="bayes",
    )
    settled.retired_at, settled.retire_reason = timezone.now(), Glitch.RetireReason.CONSENSUS
    settled.save()
    run = request_training(None, "x")
    rows = freeze_training_set(run)
    make_glitch(60, gold_label="Blip")
    again = freeze_training_set(run)
    run.refresh_from_db()
    assert len(rows) == 11
    assert again == rows
    assert run.class_list.labels == ["Blip", "Whistle"]
    by_origin = {row.gravityspy_id: (row.origin, row.weight) for row in rows}
    assert by_origin["0000000050"] == ("consensus", 0.99)
    assert all(row.origin == "gold" for row in rows if row.split == "test")


def test_a_run_is_one_workers_until_its_lease_runs_out(two_classes):
    run = request_training(None, "x")
    mine = claim_run(TrainingRun, run.pk, "worker-1")
    assert claim_run(TrainingRun, run.pk, "worker-2") is None
    TrainingRun.objects.update(leased_until=timezone.now())
    theirs = claim_run(TrainingRun, run.pk, "worker-2")
    assert theirs.attempts == 2
    assert not renew_lease(mine, progress=0.5)
    assert not record_epoch(mine, {"epoch": 1})
    assert finish_training(mine, trained()) is None
    assert record_epoch(theirs, {"epoch": 1})


def test_an_epoch_reported_again_replaces_the_first(two_classes):
    run = claim_run(TrainingRun, request_training(None, "x").pk, "w")
    for epoch in (0, 1, 2, 1):
        record_epoch(run, {"epoch": epoch})
    run.refresh_from_db()
    assert [e["epoch"] for e in run.epochs] == [0, 1]


def test_a_cancelled_run_is_no_longer_the_workers(two_classes):
    run = claim_run(TrainingRun, request_training(None, "x").pk, "w")
    cancel_training(run.pk, by=None)
    assert not renew_lease(run)


def finish(compared_with, goes_live=True):
    run = claim_run(TrainingRun, request_training(None, "x").pk, "w")
    freeze_training_set(run)
    run.refresh_from_db()
    return finish_training(run, trained(goes_live, compared_with))


def test_a_version_goes_live_in_place_of_the_one_it_beat(two_classes):
    first = finish(None)
    kept_out = finish(first.pk, goes_live=False)
    third = finish(first.pk)
    states = dict(ModelVersion.objects.values_list("number", "state"))
    assert states == {1: "replaced", 2: "kept_out", 3: "active"}
    assert kept_out.decision_reason == "why"
    assert TrainingRun.objects.get(model_version=third).state == Run.State.SUCCEEDED


def test_a_version_compared_with_one_that_is_gone_does_not_go_live(two_classes):
    finish(None)
    with pytest.raises(LabelingError) as refusal:
        finish(None)
    assert refusal.value.code == "activation_conflict"
    assert ModelVersion.objects.count() == 1


@pytest.mark.parametrize("is_trained", [False, True])
def test_none_of_the_above_is_trained_only_where_it_is_asked_for(two_classes, settings, is_trained):
    settings.TRAIN_NONE_OF_THE_ABOVE = is_trained
    for number in range(20, 25):
        make_glitch(number, gold_label="None_of_the_Above")
    freeze_training_set(request_training(None, "x"))
    labels = TrainingRun.objects.get().class_list.labels
    assert ("None_of_the_Above" in labels) is is_trained
