"""Training as a worker does it: judged, stored, resumed after a SIGKILL, refused with a reason."""

import errno
import io
import os
import re
import signal
import subprocess
import sys
import time
from itertools import groupby
from operator import itemgetter

import numpy as np
import pytest
import torch
from django.conf import settings as django_settings
from django.db import connection
from django.utils import timezone
from PIL import Image

from labeling.models import (
    Consensus,
    Glitch,
    GlitchClass,
    ModelVersion,
    Prediction,
    TrainingRun,
)
from labeling.models.runs import Run
from labeling.services.classes import freeze_class_list, load_gravity_spy
from labeling.services.gold import add_gold_label
from labeling.services.imports import NewGlitch, import_glitch
from labeling.services.resuming import resume_training
from labeling.services.runs import renew_lease
from labeling.services.training import request_training
from labeling.services.training_folders import training_folder
from labeling.services.training_sets import freeze_training_set
from ml.vision.devices import has_gpu
from ml.vision.networks.network import GlitchNetwork
from ml.vision.storage.store import write_atomically
from ml.vision.training.epochs import EpochReport
from workers.pictures import glitch_pictures
from workers.scoring import score_glitches
from workers.training import run_training, seconds_an_epoch

LEARNED, LOOKED = "learned from", "looked through"
FAST = {"epochs": 3, "trainable_blocks": 1, "minibatch": 8, "size": 96}


@pytest.fixture(autouse=True)
def long_lease(settings):
    """No sign of life comes due: over its own connection it would not see the test's rows."""
    settings.RUN_LEASE_SECONDS = 3600


def drawn(label, seed):
    """A bar that lies for one class and stands for the other, in noise."""
    rng = np.random.default_rng(seed)
    energy = rng.integers(0, 60, size=(96, 96), dtype=np.uint8)
    place = int(rng.integers(30, 60))
    if label == "Power_Line":
        energy[place : place + 8, 15:80] = 250
    else:
        energy[15:80, place : place + 8] = 250
    buffer = io.BytesIO()
    Image.fromarray(energy).save(buffer, format="PNG")
    return buffer.getvalue()


def blip():
    return GlitchClass.objects.get(label="Blip")


def import_two_classes(count=24, gold=20):
    load_gravity_spy()
    for number in range(count):
        label = ("Blip", "Power_Line")[number % 2]
        import_glitch(
            NewGlitch(
                gravityspy_id=f"{number:010d}",
                ifo="H1",
                pictures={1.0: drawn(label, number), 4.0: drawn(label, number)},
                gold_label=label if number < gold else None,
            ),
            by=None,
        )


@pytest.mark.django_db
def test_a_training_ends_in_a_judged_version_that_scores_every_glitch():
    import_two_classes()
    run = request_training(None, "first gold", FAST)
    run_training(run.pk)
    run.refresh_from_db()
    version = ModelVersion.objects.get()
    assert (run.state, run.error) == (Run.State.SUCCEEDED, "")
    assert len(run.epochs) >= 2
    assert len(run.data_digest) == 64
    assert run.code_version
    assert version.state == ModelVersion.State.ACTIVE
    assert "beats" in version.decision_reason
    assert version.class_list.labels == ["Blip", "Power_Line"]
    assert version.metrics["accuracy"] == 1.0
    (note,) = version.metrics["notes"]
    assert note.startswith("Classes left out for what they lack: 1080Lines, 1400Ripples, ")
    assert note.endswith(" (no labels).")

    run_training(run.pk)  # the message comes again
    assert ModelVersion.objects.count() == 1

    assert score_glitches() == 24
    assert score_glitches() == 0
    for prediction in Prediction.objects.select_related("glitch", "top_class"):
        expected = ("Blip", "Power_Line")[int(prediction.glitch.gravityspy_id) % 2]
        assert prediction.top_class.label == expected
    assert Glitch.objects.filter(workflow=None).count() == 20  # gold is not voted on


@pytest.mark.django_db
def test_a_run_moves_as_it_reads_learns_and_validates(monkeypatch):
    """With every step shown: pictures take the run from .05 to .1, three epochs to .9."""
    import_two_classes()
    run = request_training(None, "first gold", FAST)
    shown = []

    def renew(run, **said):
        words = re.sub(r" [0-9]+ of [0-9]+$", "", said["stage"].partition(",")[0])
        shown.append((words, said["progress"], said["lasting"]))
        return renew_lease(run, **said)

    monkeypatch.setattr("workers.steps.APART_SECONDS", 0.0)
    monkeypatch.setattr("workers.tasks.renew_lease", renew)
    run_training(run.pk)
    begun = shown.index(("looking at the pictures", 0.05, True))
    judged = [words for words, *_ in shown].index("judging on the gold test set")
    rows = [(words, list(group)) for words, group in groupby(shown[begun:judged], itemgetter(0))]
    epochs = [f"epoch {number} of 3: {what}" for number in (1, 2, 3) for what in (LEARNED, LOOKED)]
    pictures = [f"looking at the pictures: {what}" for what in ("read", LOOKED)]
    assert [words for words, _ in rows] == [
        "looking at the pictures", *pictures, "epoch",
        *epochs[:2], "epoch", *epochs[2:4], "epoch", *epochs[4:],
        "calibrating", f"calibrating: {LOOKED}",
    ]  # fmt: skip
    shares = [share for _, share, _ in shown]
    assert shares == pytest.approx(sorted(shares))
    # Two thirds of judging: its test and its validation, but no version in use beside it.
    assert shares[-2:] == pytest.approx([0.95 + 0.04 / 3, 0.95 + 0.08 / 3])
    ends = {words: group[-1][1] for words, group in rows}
    for words, share in (
        (pictures[0], 0.05 + 0.6 * 0.05),
        (pictures[1], 0.1),
        (epochs[1], 0.1 + 0.8 / 3),
        (epochs[3], 0.1 + 1.6 / 3),
        (epochs[5], 0.9),
        (f"calibrating: {LOOKED}", 0.95),
    ):
        assert ends[words] == pytest.approx(share)
    assert {words for words, _, lasting in shown if not lasting} == set(epochs)


def checkpoints_in(folder):
    return {path.name: path.read_bytes() for path in folder.glob("checkpoint-*.pt")}


def full_from_epoch_2(path, data):
    if path.name == "checkpoint-0002.pt":
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    write_atomically(path, data)


@pytest.mark.django_db
def test_checkpoints_of_another_release_are_no_obstacle(monkeypatch):
    import_two_classes()
    run = request_training(None, "x", FAST)
    monkeypatch.setattr("ml.vision.training.train.RECIPE", "of long ago")
    with monkeypatch.context() as broken:
        broken.setattr("workers.training.judge_and_store", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            run_training(run.pk)
    TrainingRun.objects.update(state=Run.State.REQUESTED, attempts_in_vain=3)
    written = checkpoints_in(training_folder(run.pk))
    monkeypatch.setattr("ml.vision.training.train.RECIPE", "of today")
    with monkeypatch.context() as full:
        full.setattr("ml.vision.storage.packed.write_atomically", full_from_epoch_2)
        run_training(run.pk)
    run.refresh_from_db()
    assert (run.error_code, run.progress > 0.3) == ("disk_full", True)
    assert run.attempts_in_vain == 4  # what it did over again is no progress
    (note,) = run.notes
    assert note.startswith("Attempt 2 began again from the start: the checkpoints, after epoch 3, ")
    assert f"in training-{run.pk}/aside-1." in note
    assert checkpoints_in(training_folder(run.pk) / "aside-1") == written

    TrainingRun.objects.update(state=Run.State.REQUESTED)
    run_training(run.pk)
    run.refresh_from_db()
    assert (run.state, run.error, run.attempts_in_vain) == (Run.State.SUCCEEDED, "", 0)
    notes = ModelVersion.objects.get().metrics["notes"]
    assert [note in notes, "Resumed after epoch 1." in notes] == [True, True]
    assert not (training_folder(run.pk) / "aside-1").exists()


@pytest.mark.django_db
def test_an_unknown_backbone_fails_the_run_with_a_reason():
    import_two_classes(count=20)
    run = request_training(None, "x", FAST)
    run.settings["backbone"] = "resnet9000"  # of another release of the libraries
    run.save()
    run_training(run.pk)
    run.refresh_from_db()
    assert (run.state, run.error_code) == (Run.State.FAILED, "unknown_backbone")
    assert "resnet9000" in run.error
    assert not ModelVersion.objects.exists()


@pytest.mark.django_db
def test_missing_weights_fail_the_run_with_a_reason(monkeypatch, tmp_path):
    monkeypatch.setenv("NOTA_WEIGHTS", str(tmp_path))
    import_two_classes(count=20)
    run = request_training(None, "x", FAST | {"backbone": "resnet18"})
    run_training(run.pk)
    run.refresh_from_db()
    assert (run.state, run.error_code) == (Run.State.FAILED, "missing_weights")


@pytest.mark.django_db
def test_a_device_that_holds_not_even_the_network_fails_the_run_with_a_reason(monkeypatch):
    def full(self, *_):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(GlitchNetwork, "to", full)
    import_two_classes()
    run = request_training(None, "x", FAST)
    run_training(run.pk)
    run.refresh_from_db()
    assert (run.state, run.error_code) == (Run.State.FAILED, "out_of_memory")
    assert "train on the CPU" in run.error


@pytest.mark.django_db
def test_a_training_without_room_is_gone_on_with_once_there_is_some(monkeypatch):
    """From its last checkpoint, on the list that was frozen; then the checkpoints are gone."""
    import_two_classes(gold=22)
    run = request_training(None, "x", FAST)
    with monkeypatch.context() as full:
        full.setattr("ml.vision.storage.packed.write_atomically", full_from_epoch_2)
        run_training(run.pk)
    run.refresh_from_db()
    assert (run.state, run.error_code) == (Run.State.FAILED, "disk_full")
    frozen = (run.data_digest, set(run.examples.values_list("glitch", "split")))
    add_gold_label(Glitch.objects.get(gravityspy_id="0000000022"), blip(), by=None)

    gone = glitch_pictures([run.examples.filter(split="train").first().glitch_id])
    for picture in gone.popitem()[1].paths.values():
        picture.unlink(missing_ok=True)  # one that cannot be read meanwhile is no other training
    resume_training(run.pk, by=None)
    run_training(run.pk)
    run.refresh_from_db()
    assert (run.state, run.error, run.notes) == (Run.State.SUCCEEDED, "", [])
    assert [epoch["replayed"] for epoch in run.epochs] == [True, True, False, False]
    assert (run.data_digest, set(run.examples.values_list("glitch", "split"))) == frozen
    notes = ModelVersion.objects.get().metrics["notes"]
    assert "Resumed after epoch 1." in notes
    assert any(note.startswith("1 glitch that it began with could not be read") for note in notes)
    left = sorted(path.name for path in training_folder(run.pk).iterdir())
    assert left == ["events", "model.pt"]


@pytest.mark.django_db
def test_a_training_that_kills_its_worker_each_time_is_given_up():
    import_two_classes()
    run = request_training(None, "x", FAST)
    TrainingRun.objects.update(attempts=40, attempts_in_vain=5)
    run_training(run.pk)
    run.refresh_from_db()
    assert (run.state, run.error_code) == (Run.State.FAILED, "worker_keeps_dying")
    assert "5 times in a row without getting further" in run.error


@pytest.mark.django_db
def test_deaths_between_which_it_got_further_are_no_reason_to_give_up():
    import_two_classes()
    run = request_training(None, "x", FAST | {"epochs": 0})
    TrainingRun.objects.update(attempts=40, attempts_in_vain=4)
    run_training(run.pk)
    run.refresh_from_db()
    assert (run.state, run.attempts, run.error) == (Run.State.SUCCEEDED, 41, "")


WORKER = """
import os, sys
import django
django.setup()
from django.conf import settings
from pathlib import Path
settings.PICTURES_FOLDER, settings.MODELS_FOLDER, settings.CACHE_FOLDER = map(Path, sys.argv[2:5])
settings.DATABASES["default"]["NAME"] = sys.argv[5]
from workers.training import run_training
run_training(int(sys.argv[1]))
"""


def start_worker(run):
    of = django_settings
    folders = (of.PICTURES_FOLDER, of.MODELS_FOLDER, of.CACHE_FOLDER)
    name = connection.settings_dict["NAME"]
    arguments = [str(run.pk), *map(str, folders), name]
    return subprocess.Popen([sys.executable, "-c", WORKER, *arguments], env=os.environ.copy())


@pytest.mark.django_db(transaction=True)
def test_a_killed_worker_is_followed_by_another_that_goes_on_from_the_last_epoch():
    import_two_classes()
    run = request_training(None, "first gold", FAST | {"epochs": 40, "patience": 40})
    worker = start_worker(run)
    until = time.monotonic() + 60
    while len(TrainingRun.objects.get().epochs) < 3 and time.monotonic() < until:
        time.sleep(0.05)
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    done = len(TrainingRun.objects.get().epochs)
    assert 3 <= done < 40
    assert not ModelVersion.objects.exists()

    run_training(run.pk)  # too early: the dead worker's lease still runs
    assert TrainingRun.objects.get().attempts == 1
    TrainingRun.objects.update(leased_until=timezone.now())
    run_training(run.pk)
    run.refresh_from_db()
    assert (run.state, run.attempts, run.error) == (Run.State.SUCCEEDED, 2, "")
    assert sum(not epoch["replayed"] for epoch in run.epochs) < len(run.epochs)
    assert ModelVersion.objects.get().state == ModelVersion.State.ACTIVE


@pytest.mark.skipif(has_gpu(), reason="needs a machine without a GPU")
@pytest.mark.django_db
def test_a_worker_without_a_gpu_settles_on_the_small_network():
    import_two_classes()
    run = request_training(None, "x", FAST | {"epochs": 1}, recipe="auto")
    run_training(run.pk)
    run.refresh_from_db()
    assert (run.state, run.error) == (Run.State.SUCCEEDED, "")
    assert (run.settings["recipe"], run.settings["size"]) == ("nota-cpu", 96)


@pytest.mark.django_db
def test_a_training_by_soft_labels_knows_what_the_crowd_held():
    """Gold is sure; what was agreed on carries the whole posterior into the frozen list."""
    import_two_classes()
    agreed = Glitch.objects.filter(gold_labels=None).first()
    agreed.retire_reason = Glitch.RetireReason.CONSENSUS
    agreed.retired_at = timezone.now()
    agreed.save()
    Consensus.objects.create(
        glitch=agreed,
        class_list=freeze_class_list(["Blip", "Power_Line", "Whistle"]),
        agreement=[0.6, 0.4, 0.0],
        top_class=GlitchClass.objects.get(label="Blip"),
        top_agreement=0.6,
        votes_count=3,
        rule="bayes",
    )
    run = request_training(None, "x", recipe="nota-cpu", settings={"soft_targets": True})
    for rows in (freeze_training_set(run), freeze_training_set(run)):
        found = {row.glitch_id: row.posterior for row in rows}
        assert found.pop(agreed.pk) == {"Blip": 0.6, "Power_Line": 0.4}
        assert set(found.values()) == {None}


def report(epoch, seconds, *, replayed=False):
    return EpochReport(epoch, 9, 0.5, 0.5, 0.5, seconds, 1e-3, replayed)


def test_an_epoch_takes_as_long_as_those_of_this_worker():
    before = [report(0, 90.0, replayed=True)]
    assert seconds_an_epoch(before) is None  # the linear head is no epoch
    before += [report(1, 30.0, replayed=True), report(2, 50.0, replayed=True)]
    assert seconds_an_epoch(before) == 40.0  # taken up: nothing of its own yet
    assert seconds_an_epoch([*before, report(3, 2.0), report(4, 4.0)]) == 3.0
