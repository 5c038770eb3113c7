"""Gold labels: whose split is drawn, and what is never of the test."""

import importlib

import pytest
from django.apps import apps

from labeling.errors import LabelingError
from labeling.models import Glitch, GlitchClass, GoldLabel, TrainingExample, TrainingRun
from labeling.services.gold import add_gold_label
from tests.conftest import make_glitch

pytestmark = pytest.mark.django_db


def trained_on(glitch, *splits):
    """A training for each split that had the glitch in it, as a Blip."""
    for split in splits:
        run = TrainingRun.objects.create(state="succeeded")
        TrainingExample.objects.create(
            run=run,
            glitch=glitch,
            glitch_class=GlitchClass.objects.get(label="Blip"),
            split=split,
            origin=TrainingExample.Origin.CONSENSUS,
        )


@pytest.mark.parametrize(
    ("had_in", "drawn"),
    [
        ([], "test"),  # the second of a class goes to the test
        (["test"], "test"),
        (["train"], "train"),
        (["validation"], "validation"),
        (["validation", "train", "validation"], "train"),
    ],
)
def test_what_a_training_has_had_is_not_tested_on(taxonomy, had_in, drawn):
    assert make_glitch(1, gold_label="Blip").gold_labels.get().split == "train"
    glitch = make_glitch(2)
    trained_on(glitch, *had_in)
    assert add_gold_label(glitch, taxonomy["Blip"], by=None).split == drawn


def test_what_was_learned_from_without_a_label_is_not_tested_on(taxonomy):
    make_glitch(1, gold_label="Blip")
    seen, other = make_glitch(2), make_glitch(3)
    TrainingRun.objects.create(state="succeeded", unlabeled_ids=[seen.pk])
    assert add_gold_label(seen, taxonomy["Blip"], by=None).split == "train"
    assert add_gold_label(other, taxonomy["Blip"], by=None).split == "test"


def test_a_published_test_label_of_what_was_trained_on_is_refused(taxonomy):
    glitch = make_glitch(1)
    trained_on(glitch, "train")
    with pytest.raises(LabelingError, match="a training has had it") as refusal:
        add_gold_label(glitch, taxonomy["Blip"], by=None, split=GoldLabel.Split.TEST)
    assert refusal.value.code == "other_split"
    assert not GoldLabel.objects.exists()
    add_gold_label(glitch, taxonomy["Blip"], by=None, split=GoldLabel.Split.TRAIN)


def test_gold_of_before_is_taken_out_of_the_test_where_it_was_learned(taxonomy):
    migration = importlib.import_module("labeling.migrations.0016_gate")
    learned, chosen_by, fresh = (make_glitch(n, gold_label="Blip") for n in range(3))
    GoldLabel.objects.update(split="test")
    trained_on(learned, "validation", "train")
    trained_on(chosen_by, "validation", "test")
    trained_on(fresh, "test")
    migration.take_learned_out_of_the_test(apps, None)
    splits = [glitch.gold_labels.get().split for glitch in Glitch.objects.order_by("pk")]
    assert splits == ["train", "validation", "test"]
