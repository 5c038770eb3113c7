"""manage.py train: asked for by recipe, followed, refused with a reason."""

import io

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from labeling.models import ModelVersion, TrainingRun
from ml.vision.recipes import RECIPES
from tests.workers.test_training import import_two_classes, long_lease

__all__ = ["long_lease"]  # a fixture that is used by being here


def train(*arguments):
    out = io.StringIO()
    call_command("train", *arguments, stdout=out)
    return out.getvalue()


def test_all_recipes_are_listed():
    listed = train("--list")
    assert all(f"{name}: " in listed for name in RECIPES)


@pytest.mark.django_db
def test_a_training_here_ends_in_a_version():
    import_two_classes()
    said = train("--recipe", "logistic-features", "--set", "size=96", "--here")
    assert "Training" in said
    assert "100%" in said
    assert "classifier 1, active" in said
    assert TrainingRun.objects.get().settings["recipe"] == "logistic-features"
    first = ModelVersion.objects.get()

    train("--recipe", "nota-cpu", "--set", "size=96", "--set", "epochs=0", "--here")
    said = train("--recipe", "ensemble", "--set", "members=[1, 2]", "--here")
    ensemble = ModelVersion.objects.get(number=3)
    assert "classifier 3" in said
    assert ensemble.class_list == first.class_list
    assert ensemble.metrics["accuracy"] == 1.0


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--recipe", "vgg"], "unknown_recipe"),
        (["--set", "epochs"], "KEY=VALUE"),
        (["--set", "epochs=many"], "bad_settings"),
        ([], "too_few_classes"),
    ],
)
def test_what_is_wrong_is_said(arguments, words):
    with pytest.raises(CommandError, match=words):
        train(*arguments, "--no-wait")


@pytest.mark.django_db
def test_a_failed_training_fails_the_command():
    import_two_classes()
    with pytest.raises(CommandError, match="unknown_backbone"):
        train("--set", "backbone=resnet9000", "--here")
