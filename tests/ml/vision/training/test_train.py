import dataclasses
import json
import math
import os
import signal
import subprocess
import sys
import textwrap

import pytest
import torch

from ml.vision.errors import CheckpointMismatch, NaNLoss, NothingToTest, NothingToTrain
from ml.vision.inputs.dataset import Example, GlitchPictures, TrainingSet
from ml.vision.networks.network import build_network, frozen_steps
from ml.vision.prediction.classifier import Classifier
from ml.vision.storage.packed import unpack
from ml.vision.training import step
from ml.vision.training.train import train_classifier
from ml.wanted import while_wanted
from tests.ml.vision.conftest import make_set


def history_of(model):
    """The history without what a clock says."""
    return [
        {key: value for key, value in row.items() if key not in ("seconds", "replayed")}
        for row in model.history
    ]


def test_a_training_learns_reports_and_can_be_loaded(training_set, recipe, tmp_path):
    reports = []
    model = train_classifier(
        training_set, recipe, tmp_path / "run", tmp_path / "cache", reports.append
    )
    assert [report.epoch for report in reports] == list(range(len(model.history)))
    assert {report.epochs for report in reports} == {recipe.epochs}
    assert not any(math.isnan(report.val_loss) for report in reports)
    assert 0 <= model.best_epoch < len(model.history)
    assert (model.skipped, model.notes) == ((), ())
    classifier = Classifier.load(model.weights)
    pictures = [example.pictures for example in training_set.test]
    probabilities = classifier.predict(pictures, tmp_path / "cache")
    assert probabilities.sum(axis=1) == pytest.approx(1.0, abs=1e-5)
    named = [classifier.classes[column] for column in probabilities.argmax(axis=1)]
    assert named == [example.label for example in training_set.test]


def test_a_training_tells_how_far_it_is(training_set, recipe, tmp_path):
    """12 glitches to learn from, 6 to validate on. Shares: reading ends at .6, the head at .8, and
    epoch 0 looks through all 18. Minibatches of learning are two of 6; an epoch is 3 x 12 + 6."""
    told = []
    settings = dataclasses.replace(recipe, epochs=2)
    with while_wanted(lambda: None, lambda *step: told.append(step)):
        model = train_classifier(training_set, settings, tmp_path / "run", tmp_path / "cache")
    read = [step for step in told if step[0] == "read"]
    assert [step[:3] for step in read if step[1] == step[2]] == [("read", 12, 12), ("read", 6, 6)]
    assert [share for *_, share in read] == sorted(share for *_, share in read)
    assert read[-1][3] == pytest.approx(0.6)
    head = [("looked through", 12, 12, share) for share in (0.6 + 0.2 / 3, 0.6 + 0.4 / 3, 0.8)]
    looked = [("looked through", 12, 12, 0.8 + 0.2 * 12 / 18), ("looked through", 6, 6, 1.0)]
    epoch = [
        ("learned from", 6, 12, 18 / 42),
        ("learned from", 12, 12, 36 / 42),
        ("looked through", 6, 6, 1.0),
    ]
    calibrated = [("looked through", 6, 6, 1.0)]
    wanted = [*head, *looked, *epoch, *epoch, *calibrated]
    assert told[len(read) :] == [(*step, pytest.approx(share)) for *step, share in wanted]
    assert [row["is_last"] for row in model.history] == [False, False, True]


def test_without_patience_left_an_epoch_says_that_it_is_the_last(training_set, recipe, tmp_path):
    """The more is learned, the worse it fits a validation whose labels are exchanged."""
    other = {"blip": "line", "line": "blip"}
    exchanged = [
        dataclasses.replace(one, label=other[one.label]) for one in training_set.validation
    ]
    wrong = dataclasses.replace(training_set, validation=exchanged)
    settings = dataclasses.replace(recipe, epochs=9, patience=1)
    model = train_classifier(wrong, settings, tmp_path / "run", tmp_path / "cache")
    assert model.best_epoch == len(model.history) - 2 < 8
    assert [row["is_last"] for row in model.history] == [False] * (len(model.history) - 1) + [True]


class Stop(Exception):
    pass


@pytest.mark.parametrize("stop_after", [0, 2])
def test_a_stopped_training_resumes_to_the_same_result(training_set, recipe, tmp_path, stop_after):
    cache = tmp_path / "cache"
    whole = train_classifier(training_set, recipe, tmp_path / "whole", cache)

    def stop(report):
        if report.epoch == stop_after:
            raise Stop

    with pytest.raises(Stop):
        train_classifier(training_set, recipe, tmp_path / "run", cache, stop)
    reports = []
    resumed = train_classifier(training_set, recipe, tmp_path / "run", cache, reports.append)
    assert resumed.sha256 == whole.sha256
    assert history_of(resumed) == history_of(whole)
    assert resumed.notes == (f"Resumed after epoch {stop_after}.",)
    replayed = [report.epoch for report in reports if report.replayed]
    assert replayed == list(range(stop_after + 1))


def test_a_damaged_last_checkpoint_costs_one_epoch_only(training_set, recipe, tmp_path):
    cache = tmp_path / "cache"
    whole = train_classifier(training_set, recipe, tmp_path / "run", cache)
    newest = max((tmp_path / "run").glob("checkpoint-*.pt"))
    newest.write_bytes(newest.read_bytes()[:1000])
    again = train_classifier(training_set, recipe, tmp_path / "run", cache)
    assert again.sha256 == whole.sha256
    assert "Passed over a damaged checkpoint" in again.notes[0]


KILLED = """
    import os, signal, sys
    from pathlib import Path
    import torch
    torch.set_num_threads(1)
    sys.path[:0] = {path!r}
    from tests.ml.vision.conftest import make_set
    from ml.vision.recipes.settings import TrainingSettings
    from ml.vision.training.train import train_classifier

    def kill(report):
        if report.epoch == 1:
            os.kill(os.getpid(), signal.SIGKILL)

    folder = Path({folder!r})
    recipe = TrainingSettings.from_dict({recipe!r})
    train_classifier(make_set(folder), recipe, folder / "run", folder / "cache", kill)
"""


def test_a_sigkill_costs_nothing_but_time(training_set, recipe, tmp_path):
    whole = train_classifier(training_set, recipe, tmp_path / "whole", tmp_path / "cache")
    code = textwrap.dedent(
        KILLED.format(path=[str(os.path.curdir)], folder=str(tmp_path), recipe=recipe.to_dict())
    )
    ended = subprocess.run([sys.executable, "-c", code], check=False)
    assert ended.returncode == -signal.SIGKILL
    resumed = train_classifier(training_set, recipe, tmp_path / "run", tmp_path / "cache")
    assert resumed.sha256 == whole.sha256


def test_another_training_may_not_use_the_folder(training_set, recipe, tmp_path):
    train_classifier(training_set, recipe, tmp_path / "run", tmp_path / "cache")
    other = dataclasses.replace(recipe, seed=1)
    with pytest.raises(CheckpointMismatch):
        train_classifier(training_set, other, tmp_path / "run", tmp_path / "cache")


@pytest.mark.parametrize("blocks", [0, "all"])
def test_nothing_and_everything_can_be_trained(training_set, recipe, tmp_path, blocks):
    settings = dataclasses.replace(recipe, trainable_blocks=blocks, epochs=1)
    model = train_classifier(training_set, settings, tmp_path / "run", tmp_path / "cache")
    assert Classifier.load(model.weights).predict(
        [training_set.test[0].pictures], tmp_path / "cache"
    ).shape == (1, 2)


def test_only_the_last_blocks_learn(training_set, recipe, tmp_path):
    model = train_classifier(training_set, recipe, tmp_path / "run", tmp_path / "cache")
    before = build_network(recipe, 2)
    after = Classifier.load(model.weights)._network.state_dict()
    changed = {
        key.split(".")[0]
        for key, tensor in before.state_dict().items()
        if not torch.equal(tensor, after[key])
    }
    assert "frozen" not in changed
    assert "classifier" in changed
    backbone_steps = len(before.frozen.steps) + len(before.tail)
    assert (backbone_steps, len(before.tail)) == (18, 2)


def test_without_validation_the_last_epoch_counts(training_set, recipe, tmp_path):
    alone = TrainingSet(training_set.classes, training_set.train, [], training_set.test)
    model = train_classifier(alone, recipe, tmp_path / "run", tmp_path / "cache")
    assert model.best_epoch == recipe.epochs
    assert model.temperature == 1.0


def test_unreadable_pictures_are_left_out_and_listed(training_set, recipe, tmp_path):
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    broken = Example(GlitchPictures("broken", {4.0: tmp_path / "broken.png"}), "blip")
    mixed = dataclasses.replace(training_set, train=[broken, *training_set.train])
    model = train_classifier(mixed, recipe, tmp_path / "run", tmp_path / "cache")
    assert [(one.glitch_id, one.code) for one in model.skipped] == [
        ("broken", "unreadable_picture")
    ]
    clean = train_classifier(training_set, recipe, tmp_path / "clean", tmp_path / "cache")
    assert model.sha256 == clean.sha256


def test_a_class_of_unreadable_pictures_only_is_refused(training_set, recipe, tmp_path):
    (tmp_path / "broken.png").write_bytes(b"broken")
    broken = Example(GlitchPictures("broken", {4.0: tmp_path / "broken.png"}), "arch")
    mixed = TrainingSet(
        (*training_set.classes, "arch"), [broken, *training_set.train], [], training_set.test
    )
    with pytest.raises(NothingToTrain, match="arch"):
        train_classifier(mixed, recipe, tmp_path / "run", tmp_path / "cache")


def test_nothing_to_test_is_refused_before_anything_is_written(training_set, recipe, tmp_path):
    with pytest.raises(NothingToTest):
        train_classifier(
            dataclasses.replace(training_set, test=[]), recipe, tmp_path / "run", tmp_path / "cache"
        )
    assert not (tmp_path / "run").exists()


def test_a_nan_loss_stops_and_keeps_the_last_checkpoint(
    training_set, recipe, tmp_path, monkeypatch
):
    original = step.Stepper.loss
    calls = []

    def spoil(self, *arguments):
        calls.append(arguments)
        spoiled = float("nan") if len(calls) == 4 else 1.0  # epoch 0 once, then two steps each
        return original(self, *arguments) * spoiled

    monkeypatch.setattr(step.Stepper, "loss", spoil)
    with pytest.raises(NaNLoss, match="epoch 2; the checkpoint of epoch 1 is kept"):
        train_classifier(training_set, recipe, tmp_path / "run", tmp_path / "cache")
    assert (tmp_path / "run" / "checkpoint-0001.pt").exists()
    assert not (tmp_path / "run" / "model.pt").exists()


@pytest.mark.parametrize(
    ("last_step_of", "ema", "validation"), [(2, 0.0, True), (3, 0.9, True), (3, 0.0, False)]
)
def test_weights_that_are_no_numbers_are_never_the_best(
    training_set, recipe, tmp_path, monkeypatch, last_step_of, ema, validation
):
    """The gradient of an epoch's last step overflows while its loss is a number."""
    original = step.Stepper._update
    updates = []

    def overflow(self):
        updates.append(self)
        if len(updates) == 2 * last_step_of:  # two steps an epoch
            self.network.classifier.weight.grad.fill_(math.inf)
        original(self)

    monkeypatch.setattr(step.Stepper, "_update", overflow)
    if not validation:
        training_set = dataclasses.replace(training_set, validation=[])
    settings = dataclasses.replace(recipe, ema=ema, epochs=3)
    run, cache = tmp_path / "run", tmp_path / "cache"
    before = last_step_of - 1
    words = f"epoch {last_step_of}; the checkpoint of epoch {before} is kept"
    with pytest.raises(NaNLoss, match=words):
        train_classifier(training_set, settings, run, cache)
    kept = max(run.glob("checkpoint-*.pt"))
    assert kept.name == f"checkpoint-000{before}.pt"
    best = unpack(kept.read_bytes(), kept)["best"]
    assert all(torch.isfinite(tensor).all() for tensor in best.values())
    assert not (run / "model.pt").exists()
    again = train_classifier(training_set, settings, run, cache)  # goes on, and overflows no more
    assert len(again.history) == 4


def test_history_is_plain_data(training_set, recipe, tmp_path):
    model = train_classifier(training_set, recipe, tmp_path / "run", tmp_path / "cache")
    assert json.loads(json.dumps(model.history)) == model.history


@pytest.mark.parametrize(
    ("blocks", "frozen"), [(0, 18), (1, 16), (3, 14), (17, 0), (40, 0), ("all", 0)]
)
def test_the_boundary_follows_the_blocks(recipe, blocks, frozen):
    backbone = type("Backbone", (), {"steps": range(18), "blocks": 17})
    assert frozen_steps(backbone, blocks) == frozen


def test_the_same_seed_gives_the_same_set(tmp_path):
    """The killed process above makes its pictures anew; they must be the same."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    one, two = make_set(tmp_path / "a"), make_set(tmp_path / "b")
    assert [example.pictures.paths[4.0].read_bytes() for example in one.train] == [
        example.pictures.paths[4.0].read_bytes() for example in two.train
    ]
