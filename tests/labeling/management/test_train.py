"""manage.py train: asked for by recipe, followed, refused with a reason."""

import io
from datetime import timedelta

import pytest
import torch
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone
from kombu.exceptions import OperationalError

from labeling import jobs
from labeling.models import ModelVersion, TrainingRun
from labeling.services.imports import NewGlitch, import_glitch
from labeling.services.training_sets import freeze_training_set
from ml.vision.networks.torchvision_door import import_torchvision
from ml.vision.recipes import RECIPES
from tests.workers.test_training import drawn, import_two_classes, long_lease

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
    said = train(
        *("--recipe", "ensemble", "--set", "members=[1, 2]", "--here"),
        "--random-weights",  # none to start from: nothing to refuse, and nothing to store
    )
    ensemble = ModelVersion.objects.get(number=3)
    assert "classifier 3" in said
    assert ensemble.class_list == first.class_list
    assert ensemble.metrics["accuracy"] == 1.0


@pytest.mark.django_db
def test_what_a_killed_worker_left_is_gone_on_with_before_the_next():
    import_two_classes()
    arguments = ["--recipe", "logistic-features", "--set", "size=96"]
    train(*arguments, "--no-wait")
    left = TrainingRun.objects.get()
    over = timezone.now() - timedelta(seconds=1)
    TrainingRun.objects.update(state="running", worker="killed", attempts=1, leased_until=over)
    with pytest.raises(CommandError, match="training_under_way"):
        train(*arguments, "--here")

    said = train(
        "--recipe", "nota-cpu", "--set", "size=96", "--set", "epochs=0", "--go-on", "--here"
    )
    assert f"Training {left.pk} by logistic-features is under way; this waits for its end." in said
    assert "It made classifier 2" in said
    assert [run.state for run in TrainingRun.objects.order_by("pk")] == ["succeeded"] * 2


@pytest.mark.django_db
@pytest.mark.parametrize("recipe", [["--recipe", "logistic-features"], []])
def test_the_same_training_is_not_asked_for_twice(recipe):
    import_two_classes()
    arguments = [*recipe, "--set", "size=96", "--set", "epochs=1", "--set", "trainable_blocks=1"]
    train(*arguments, "--no-wait")
    assert "is under way already; this follows it" in train(*arguments, "--go-on", "--here")
    assert TrainingRun.objects.get().state == "succeeded"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("other", "error_code", "days", "is_gone_on_with"),
    [
        ({}, "disk_full", 6, True),
        ({"seed": 1}, "disk_full", 6, False),  # another request
        ({}, "disk_full", 8, False),  # its checkpoints are deleted
        ({}, "", 6, False),  # called off by a person
    ],
)
def test_the_same_training_that_failed_is_gone_on_with(
    settings, other, error_code, days, is_gone_on_with
):
    settings.KEEP_FAILED_DAYS = 7
    import_two_classes()
    arguments = ["--recipe", "logistic-features", "--set", "size=96", "--no-wait"]
    train(*arguments)
    run = TrainingRun.objects.get()
    run.state = "failed" if error_code else "cancelled"
    run.error_code, run.settings = error_code, run.settings | other
    run.ended_at = timezone.now() - timedelta(days=days)
    run.save()
    said = train(*arguments, "--go-on")
    assert (f"Training {run.pk} failed before (disk_full)." in said) is is_gone_on_with
    live = TrainingRun.objects.get(state="requested")
    assert (live == run) is is_gone_on_with


def add_glitch(number, split):
    pictures = {4.0: drawn("Blip", number)}
    new = NewGlitch(f"{number:010d}", "H1", pictures, gold_label="Blip", gold_split=split)
    import_glitch(new, by=None)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("added", "same", "is_gone_on_with"),
    [
        ([], ["--same-glitches"], True),
        (["test"], ["--same-glitches"], True),  # judged anew, not trained anew
        (["train"], ["--same-glitches"], False),
        (["validation"], ["--same-glitches"], False),
        (["train"], [], True),  # on its frozen list
    ],
)
def test_a_failed_training_of_other_glitches_is_not_gone_on_with(added, same, is_gone_on_with):
    """One that was frozen before glitches were added, whatever was trained in between."""
    import_two_classes()
    arguments = ["--recipe", "logistic-features", "--set", "size=96", "--no-wait"]
    train(*arguments)
    run = TrainingRun.objects.get()
    freeze_training_set(run)
    ended = timezone.now() - timedelta(hours=1)
    TrainingRun.objects.update(state="failed", error_code="disk_full", ended_at=ended)
    for number, split in enumerate(added, start=50):
        add_glitch(number, split)
    train(*arguments, "--go-on", *same)
    assert (TrainingRun.objects.get(state="requested") == run) is is_gone_on_with


@pytest.mark.django_db
def test_of_the_same_trainings_the_one_that_ended_last_tells(settings):
    """The first failed, the second too; the first was gone on with and made a version."""
    settings.KEEP_FAILED_DAYS = 7
    import_two_classes()
    arguments = ["--recipe", "logistic-features", "--set", "size=96", "--no-wait"]
    for state, hours in (("succeeded", 1), ("failed", 2)):
        train(*arguments)
        ended = timezone.now() - timedelta(hours=hours)
        TrainingRun.objects.filter(state="requested").update(state=state, ended_at=ended)
    train(*arguments, "--go-on")
    states = TrainingRun.objects.order_by("pk").values_list("state", flat=True)
    assert list(states) == ["succeeded", "failed", "requested"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--recipe", "vgg"], "unknown_recipe"),
        (["--recipe", "vgg", "--random-weights"], "unknown_recipe"),
        (["--set", "epochs"], "KEY=VALUE"),
        (["--set", "epochs=many"], "bad_settings"),
        (["--set", "backbone=resnet5O"], "did you mean resnet50"),
        ([], "too_few_classes"),
        (["--resume", "0"], "There is no training 0"),
        (["--resume", "7", "--reason", "more labels"], "keeps its recipe, settings and reason"),
    ],
)
def test_what_is_wrong_is_said(arguments, words):
    with pytest.raises(CommandError, match=words):
        train(*arguments, "--no-wait")


@pytest.mark.django_db
def test_where_no_worker_trains_and_the_broker_is_down_it_says_so_and_waits(monkeypatch):
    import_two_classes()
    monkeypatch.setattr("labeling.management.following.SEND_AGAIN_SECONDS", 0.0)
    monkeypatch.setattr("labeling.selectors.broker.alive_workers", list)

    def down(name, **ids):
        TrainingRun.objects.update(state="cancelled")  # what ends the waiting of this test
        raise OperationalError("no broker")

    monkeypatch.setattr(jobs, "send_now", down)
    out = io.StringIO()
    with pytest.raises(CommandError, match="cancelled"):
        call_command("train", "--recipe", "logistic-features", stdout=out)
    assert "No worker of the queue gpu answers." in out.getvalue()
    assert "--go-on --here trains in this process" in out.getvalue()


@pytest.mark.django_db
def test_a_training_of_before_recipes_had_names_goes_on_as_the_default_one():
    import_two_classes()
    nameless = {"size": 96, "epochs": 0}
    run = TrainingRun.objects.create(state="failed", ended_at=timezone.now(), settings=nameless)
    said = train("--resume", str(run.pk), "--here")
    assert f"Training {run.pk} by nota-cpu goes on." in said
    assert "It made classifier 1" in said
    run.refresh_from_db()
    assert (run.settings, run.recipe) == (nameless, "nota-cpu")


@pytest.mark.django_db
def test_a_failed_training_is_gone_on_with_as_it_was_asked_for(monkeypatch, tmp_path):
    """Its weights were missing; somebody puts a file where the refusal says."""
    monkeypatch.setenv("NOTA_WEIGHTS", str(tmp_path))
    import_two_classes()
    arguments = ["--recipe", "logistic-features", "--set", "size=96", "--set", "backbone=resnet18"]
    with pytest.raises(CommandError, match="missing_weights") as failed:
        train(*arguments, "--here")
    run = TrainingRun.objects.get()
    assert f"manage.py train --resume {run.pk}" in str(failed.value)
    with pytest.raises(CommandError, match="The same command goes on with it"):
        train(*arguments, "--go-on", "--here")
    torch.save(import_torchvision().resnet18().state_dict(), tmp_path / "resnet18.pth")
    with pytest.raises(CommandError, match="keeps its recipe"):
        train("--resume", str(run.pk), "--set", "epochs=3")
    assert "It made classifier 1" in train("--resume", str(run.pk), "--here")
    assert TrainingRun.objects.get().settings["recipe"] == "logistic-features"
    with pytest.raises(CommandError, match="nothing_to_resume"):
        train("--resume", str(run.pk))
