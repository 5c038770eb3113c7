"""The frozen list of a training: which glitches, in which split, and what waits for it."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from labeling.errors import LabelingError
from labeling.models import (
    Consensus,
    Glitch,
    GlitchClass,
    GoldLabel,
    ModelVersion,
    TrainingRun,
)
from labeling.selectors.trainable import left_out
from labeling.services.classes import freeze_class_list, load_gravity_spy
from labeling.services.gold import add_gold_label
from labeling.services.training import request_training
from labeling.services.training_sets import freeze_training_set
from tests.conftest import make_glitch

HOUR = 3600.0


@pytest.mark.django_db
def test_a_training_in_time_freezes_that_split_and_draws_none_anew(taxonomy):
    for number in range(20):
        make_glitch(number, ("Blip", "Whistle")[number % 2], event_time=1e9 + number * HOUR)
    late = ["0000000018", "0000000019"]
    GoldLabel.objects.filter(glitch__gravityspy_id__in=late).update(split="test")
    drawn = dict(GoldLabel.objects.values_list("pk", "split"))
    early = make_glitch(30, event_time=1e9)
    make_glitch(31, event_time=1e9 + 31 * HOUR)
    Glitch.objects.filter(gold_labels=None).update(content_digest="0" * 64)
    run = request_training(None, "x", {"split": "in time", "unlabeled": 9}, recipe="nota-few")
    Glitch.objects.update(created_at=F("created_at") - timedelta(days=1))
    rows = freeze_training_set(run)
    run.refresh_from_db()
    assert run.left_out == left_out(split="in time")
    assert freeze_training_set(run) == rows
    last = max(one.time for one in rows if one.split != "test")
    assert {one.gravityspy_id for one in rows if one.split == "test"} >= set(late)
    assert min(one.time for one in rows if one.split == "test") > last
    assert dict(GoldLabel.objects.values_list("pk", "split")) == drawn
    # Of what has no label, only what is earlier than the last glitch trained on.
    assert run.unlabeled_ids == [early.pk]


@pytest.mark.django_db
def test_an_ensemble_is_not_calibrated_on_what_a_member_learned(taxonomy):
    """A member trained in time has learned early glitches of the validation as it is drawn."""
    for number in range(20):
        make_glitch(number, ("Blip", "Whistle")[number % 2], event_time=1e9 + number * HOUR)
    early = GoldLabel.objects.get(glitch__gravityspy_id="0000000001")
    late = GoldLabel.objects.get(glitch__gravityspy_id="0000000017")
    for gold in (early, late):
        GoldLabel.objects.filter(pk=gold.pk).update(split="validation")
    latest = ["0000000018", "0000000019"]
    GoldLabel.objects.filter(glitch__gravityspy_id__in=latest).update(split="test")
    for number, how in ((1, {"split": "in time"}), (2, {"split": "as drawn"})):
        member = request_training(None, "x", how, recipe="logistic-features")
        freeze_training_set(member)
        TrainingRun.objects.filter(pk=member.pk).update(state="succeeded")
        ModelVersion.objects.create(role="classifier", number=number, training_run=member)
    ensemble = request_training(None, "x", {"members": [1, 2]}, recipe="ensemble")
    split = {row.glitch_id: row.split for row in freeze_training_set(ensemble)}
    assert (split[early.glitch_id], split[late.glitch_id]) == ("train", "validation")


@pytest.mark.django_db
def test_glitches_without_a_time_make_no_training_in_time(taxonomy):
    for number in range(20):
        make_glitch(number, ("Blip", "Whistle")[number % 2])
    request_training(None, "as drawn").delete()
    with pytest.raises(LabelingError) as refusal:
        request_training(None, "x", {"split": "in time"}, recipe="nota-cpu")
    assert refusal.value.code == "too_few_classes"


@pytest.mark.django_db(transaction=True)
def test_gold_given_while_a_training_gathers_waits_and_is_not_tested_on():
    """Else the glitch would be trained on as consensus, and drawn for the test at once."""
    load_gravity_spy()
    for number in range(20):
        make_glitch(number, ("Blip", "Whistle")[number % 2])
    blip = GlitchClass.objects.get(label="Blip")
    agreed = make_glitch(50)
    agreed.retired_at, agreed.retire_reason = timezone.now(), Glitch.RetireReason.CONSENSUS
    agreed.save()
    Consensus.objects.create(
        glitch=agreed,
        class_list=freeze_class_list(["Blip"]),
        agreement=[0.99],
        top_class=blip,
        top_agreement=0.99,
        votes_count=3,
        rule="bayes",
    )
    GoldLabel.objects.filter(glitch_class=blip, split="test").update(split="train")
    keep = GoldLabel.objects.filter(glitch_class=blip).first()
    GoldLabel.objects.filter(pk=keep.pk).update(split="test")  # the test is far behind its share
    run = request_training(None, "x")
    given, answered = [], threading.Event()

    def give_gold():
        try:
            given.append(add_gold_label(agreed, blip, by=None).split)
        finally:
            answered.set()
            connection.close()

    with transaction.atomic():
        rows = freeze_training_set(run)
        thread = threading.Thread(target=give_gold)
        thread.start()
        assert not answered.wait(0.5)
    thread.join(60)
    learned = {row.glitch_id: row.split for row in rows}[agreed.pk]
    assert given == [learned]
    assert learned != "test"


@pytest.mark.django_db
def test_a_run_keeps_which_classes_it_left_out(taxonomy):
    for number in range(20):
        make_glitch(number, ("Blip", "Whistle")[number % 2])
    make_glitch(30, "Tomte")
    run = request_training(None, "x")
    freeze_training_set(run)
    for number in range(40, 50):
        make_glitch(number, "Tomte")
    freeze_training_set(run)  # taken up again
    run.refresh_from_db()
    assert run.left_out["Tomte"] == "4 more labels, no gold in the test split"
    assert "Blip" not in run.left_out
