"""A training that is no longer wanted ends in the midst of what it does, with all its processes."""

import dataclasses

import psutil
import pytest

from ml.vision.training.distributed import train_on_all_devices
from ml.vision.training.reading import read_set
from ml.vision.training.step import Stepper
from ml.vision.training.train import train_classifier
from ml.wanted import while_wanted


class Unwanted(Exception):
    pass


class Countdown:
    """A check that refuses once ``is_over`` says so."""

    def __init__(self, is_over):
        self.is_over = is_over

    def __call__(self):
        if self.is_over():
            raise Unwanted


def test_a_training_ends_between_two_minibatches(training_set, recipe, tmp_path, monkeypatch):
    """12 training glitches in minibatches of 8 are 2 steps an epoch: it ends after the first."""
    steps = []
    original = Stepper.step

    def step(self, rows, stacked, epoch):
        steps.append(epoch)
        return original(self, rows, stacked, epoch)

    monkeypatch.setattr(Stepper, "step", step)
    settings = dataclasses.replace(recipe, epochs=5, minibatch=8)
    reports = []
    with while_wanted(Countdown(lambda: len(steps) == 1)), pytest.raises(Unwanted):
        train_classifier(
            training_set, settings, tmp_path / "run", tmp_path / "cache", reports.append, "cpu"
        )
    assert steps == [1]
    assert [report.epoch for report in reports] == [0]


def test_a_training_ends_while_pictures_are_read(training_set, recipe, tmp_path, monkeypatch):
    """It ends before the pictures are all read, not after."""
    passed = []

    def reading(*arguments, **options):
        passed.append("begun")
        found = read_set(*arguments, **options)
        passed.append("all read")
        return found

    monkeypatch.setattr("ml.vision.training.train.read_set", reading)
    with while_wanted(Countdown(lambda: bool(passed))), pytest.raises(Unwanted):
        train_classifier(training_set, recipe, tmp_path / "run", tmp_path / "cache", device="cpu")
    assert passed == ["begun"]


def test_processes_that_train_together_end_too(training_set, recipe, tmp_path):
    settings = dataclasses.replace(recipe, epochs=1000, patience=1000)
    reports, started = [], []
    before = set(psutil.Process().children(recursive=True))  # the tests' own servers

    def on_epoch(report):
        reports.append(report)
        started[:] = set(psutil.Process().children(recursive=True)) - before

    with while_wanted(Countdown(lambda: len(reports) >= 2)), pytest.raises(Unwanted):
        train_on_all_devices(
            training_set,
            settings,
            tmp_path / "run",
            tmp_path / "cache",
            on_epoch,
            device="cpu",
            processes=2,
        )
    assert len(started) >= 3  # torchrun and two that train
    assert not any(one.is_running() for one in started)
    assert len(reports) == 2
