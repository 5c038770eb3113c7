"""Two processes on the CPU make the training that one makes."""

import dataclasses
import os
import subprocess
import sys
import textwrap
import time

import numpy as np
import psutil
import pytest
import torch

from ml.vision.errors import CheckpointMismatch, OutOfMemory
from ml.vision.prediction.classifier import Classifier
from ml.vision.training.distributed import MAIN, train_on_all_devices
from ml.vision.training.train import train_classifier
from ml.wanted import while_wanted


def test_two_processes_train_what_one_does(training_set, recipe, tmp_path):
    settings = dataclasses.replace(recipe, dropout=0.0, epochs=2)
    cache = tmp_path / "cache"
    steps = []
    with while_wanted(lambda: None, lambda *step: steps.append(step)):
        alone = train_classifier(training_set, settings, tmp_path / "alone", cache, device="cpu")
        told_alone, steps[:] = steps[:], []
        reports = []
        together = train_on_all_devices(
            training_set,
            settings,
            tmp_path / "together",
            cache,
            reports.append,
            device="cpu",
            processes=2,
        )
    read = [step for step in told_alone if step[0] == "read"]
    counts = {len(training_set.train), len(training_set.validation)}
    assert {(done, of) for _, done, of, _ in read if done == of} == {(n, n) for n in counts}
    assert steps == told_alone
    assert [report.epoch for report in reports] == [0, 1, 2]
    assert together.data_hash == alone.data_hash
    for one, two in zip(alone.history, together.history, strict=True):
        assert two["train_loss"] == pytest.approx(one["train_loss"], abs=1e-4)
    first, second = (Classifier.load(model.weights)._network for model in (alone, together))
    for a, b in zip(first.tail.parameters(), second.tail.parameters(), strict=True):
        assert torch.allclose(a, b, atol=1e-3)
    pictures = [example.pictures for example in training_set.test]
    said = [Classifier.load(model.weights).predict(pictures, cache) for model in (alone, together)]
    assert np.allclose(*said, atol=1e-2)

    other = dataclasses.replace(settings, seed=1)  # an error comes back as what it was
    with pytest.raises(CheckpointMismatch):
        train_on_all_devices(
            training_set, other, tmp_path / "together", cache, device="cpu", processes=2
        )


def test_each_process_has_two_pictures_where_batch_norms_learn(training_set, recipe, tmp_path):
    settings = dataclasses.replace(
        recipe, hidden=(8,), hidden_norms=True, probe_strength=0.0, epochs=1, minibatch=2
    )
    model = train_on_all_devices(
        training_set, settings, tmp_path / "run", tmp_path / "cache", device="cpu", processes=2
    )
    assert np.isfinite(model.history[1]["train_loss"])


def test_who_reads_for_one_of_them_does_not_load_torch():
    """A spawned process imports the main module of the one that starts it, by another name."""
    code = f"""
        import runpy, sys
        runpy.run_module({MAIN!r}, run_name="__mp_main__", alter_sys=True)
        import ml.vision.inputs.pieces, ml.vision.inputs.readers
        print([name for name in sys.modules if name.startswith("torch")])
    """
    said = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True
    )
    assert said.stdout.strip() == "[]"


SMALL_DEVICE = """
    import os

    if "RANK" in os.environ:  # one of those that train
        import torch
        from ml.vision.networks import network

        plain = network.GlitchNetwork.forward

        def forward(self, activations):
            if self.dropout.training and len(activations) > {fit}:
                raise torch.OutOfMemoryError("too many pictures")
            return plain(self, activations)

        network.GlitchNetwork.forward = forward
        with open({log!r}, "a") as log:
            log.write(os.environ["RANK"])
"""


@pytest.mark.parametrize(("fit", "minibatch", "started"), [(1, 4, "0011"), (0, 2, "01")])
def test_out_of_memory_cuts_minibatches_as_far_as_they_can_be(
    training_set, recipe, tmp_path, monkeypatch, fit, minibatch, started
):
    """Four pictures are two a process: once cut they are one each, which is not cut any more."""
    log = tmp_path / "started"
    code = textwrap.dedent(SMALL_DEVICE.format(fit=fit, log=str(log)))
    (tmp_path / "sitecustomize.py").write_text(code)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    settings = dataclasses.replace(recipe, epochs=1, minibatch=minibatch)
    where = (tmp_path / "run", tmp_path / "cache")
    if fit:
        model = train_on_all_devices(training_set, settings, *where, device="cpu", processes=2)
        assert [note for note in model.notes if "in 2 parts" in note] == list(model.notes[-1:])
    else:
        with pytest.raises(OutOfMemory, match="train on the CPU") as refusal:
            train_on_all_devices(training_set, settings, *where, device="cpu", processes=2)
        assert type(refusal.value) is OutOfMemory
    assert "".join(sorted(log.read_text())) == started


CALLER = """
    import sys
    from pathlib import Path
    sys.path[:0] = {path!r}
    from tests.ml.vision.conftest import make_set
    from ml.vision.training.distributed import train_on_all_devices
    from ml.vision.recipes.settings import TrainingSettings

    folder = Path({folder!r})
    train_on_all_devices(
        make_set(folder), TrainingSettings.from_dict({recipe!r}), folder / "run", folder / "cache",
        lambda report: print(report.epoch, flush=True), device="cpu", processes=2,
    )
"""


ENDS_FIRST = """
    import sys, time
    sys.path[:0] = {path!r}
    from ml.vision.training.distributed import _end_with_the_caller

    _end_with_the_caller()
    time.sleep(0.5)  # until the thread waits for the caller's end
"""


def test_a_process_may_end_before_its_caller():
    """It would abort, and torchrun end the others, if the waiting thread held standard input."""
    code = textwrap.dedent(ENDS_FIRST.format(path=[os.path.curdir]))
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.wait() == 0, process.stderr.read()


def test_the_processes_end_with_their_caller(recipe, tmp_path):
    settings = dataclasses.replace(recipe, epochs=1000, patience=1000)
    code = textwrap.dedent(
        CALLER.format(path=[os.path.curdir], folder=str(tmp_path), recipe=settings.to_dict())
    )
    caller = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert caller.stdout.readline() == "0\n"
    started = psutil.Process(caller.pid).children(recursive=True)
    assert len(started) >= 3  # torchrun and two that train
    caller.kill()
    caller.wait()
    caller.stdout.close()
    until = time.monotonic() + 120
    while time.monotonic() < until and any(one.is_running() for one in started):
        time.sleep(0.1)
    assert not any(one.is_running() for one in started)
