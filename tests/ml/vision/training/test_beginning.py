"""A training goes on by what its first attempt settled, whatever can be read meanwhile."""

import dataclasses
import json
import textwrap

import numpy as np
import pytest
import torch

from ml.vision.errors import CheckpointMismatch
from ml.vision.inputs.dataset import Example, GlitchPictures, Skipped
from ml.vision.storage.packed import unpack
from ml.vision.training.beginning import Beginning, fingerprint_of, load_beginning
from ml.vision.training.checkpoint import Checkpoints
from ml.vision.training.distributed import train_on_all_devices
from ml.vision.training.train import train_classifier
from tests.ml.vision.conftest import make_set, save_glitch

GONE = Skipped("g7", "unreadable_picture", "The file g7.png cannot be read.")


class Stop(Exception):
    pass


def stop_after_epoch_1(report):
    if report.epoch == 1:
        raise Stop


def begin(training_set, settings, tmp_path):
    with pytest.raises(Stop):
        train_classifier(
            training_set, settings, tmp_path / "run", tmp_path / "cache", stop_after_epoch_1
        )


def go_on(training_set, settings, tmp_path):
    return train_classifier(training_set, settings, tmp_path / "run", tmp_path / "cache")


def longest(example):
    return example.pictures.paths[4.0]


def test_a_picture_that_is_away_costs_that_glitch_and_no_checkpoint(training_set, recipe, tmp_path):
    begin(training_set, recipe, tmp_path)
    lost = training_set.train[3]
    data = longest(lost).read_bytes()
    longest(lost).unlink()
    model = go_on(training_set, recipe, tmp_path)
    assert [one.glitch_id for one in model.skipped] == [lost.pictures.glitch_id]
    assert model.notes[0].startswith("1 glitch that it began with could not be read")
    assert model.notes[1] == "Resumed after epoch 1."

    longest(lost).write_bytes(data)  # and back again: it is learned from once more
    model = go_on(training_set, recipe, tmp_path)
    assert (model.skipped, model.notes) == ((), (f"Resumed after epoch {recipe.epochs}.",))


def test_what_was_left_out_at_first_stays_so(training_set, recipe, tmp_path):
    """So it ends as a training that was never stopped."""
    late = training_set.train[3]
    others = [example for example in training_set.train if example is not late]
    without = dataclasses.replace(training_set, train=others)
    whole = train_classifier(without, recipe, tmp_path / "whole", tmp_path / "cache")
    data = longest(late).read_bytes()
    longest(late).write_bytes(b"broken")
    begin(training_set, recipe, tmp_path)
    longest(late).write_bytes(data)
    model = go_on(training_set, recipe, tmp_path)
    assert [one.glitch_id for one in model.skipped] == [late.pictures.glitch_id]
    assert (model.sha256, model.data_hash) == (whole.sha256, whole.data_hash)
    assert model.notes == ("Resumed after epoch 1.",)


def test_labels_that_were_given_to_unlabeled_glitches_are_kept(
    training_set, recipe, tmp_path, monkeypatch
):
    rng = np.random.default_rng(5)
    pool = [save_glitch(tmp_path, f"u{number}", "blip", rng) for number in range(4)]
    mixed = dataclasses.replace(training_set, unlabeled=pool)
    settings = dataclasses.replace(recipe, unlabeled=4)
    whole = train_classifier(mixed, settings, tmp_path / "whole", tmp_path / "cache")
    begin(mixed, settings, tmp_path)
    another_machines = "ml.vision.training.train.pseudo_examples"
    monkeypatch.setattr(another_machines, lambda *_: 1 / 0)
    model = go_on(mixed, settings, tmp_path)
    assert (model.sha256, model.data_hash) == (whole.sha256, whole.data_hash)
    assert model.notes[0] == "Learned from 4 of 4 unlabeled glitches besides."

    alone = train_classifier(training_set, settings, tmp_path / "alone", tmp_path / "cache")
    known = [unpack(one.weights.read_bytes(), one.weights)["novelty"] for one in (model, alone)]
    assert known[0].keys() == known[1].keys()  # measured by what people labeled, not by these
    assert all(torch.equal(known[0][name], known[1][name]) for name in known[0])


def test_other_pictures_by_the_same_names_are_another_training(training_set, recipe, tmp_path):
    begin(training_set, recipe, tmp_path)
    one, other = training_set.train[0], training_set.validation[0]
    longest(one).write_bytes(longest(other).read_bytes())
    with pytest.raises(CheckpointMismatch, match="1 of its glitches") as caught:
        go_on(training_set, recipe, tmp_path)
    assert one.pictures.glitch_id in str(caught.value)


def other_weight(plain):
    examples = [dataclasses.replace(plain.train[0], weight=0.5), *plain.train[1:]]
    return dataclasses.replace(plain, train=examples)


def more_to_learn_from(plain):
    return dataclasses.replace(plain, unlabeled=[GlitchPictures("u", {})])


def other_files(plain):
    """The same list, of which nothing lies where it did."""
    gone = [
        dataclasses.replace(one, pictures=GlitchPictures(one.pictures.glitch_id, {}))
        for one in plain.train
    ]
    return dataclasses.replace(plain, train=gone)


@pytest.mark.parametrize(
    ("change", "is_another"),
    [
        (lambda plain: plain, False),
        (other_files, False),
        (other_weight, True),
        (more_to_learn_from, True),
        (lambda plain: dataclasses.replace(plain, classes=("line", "blip")), True),
        (lambda plain: dataclasses.replace(plain, validation=[]), True),
    ],
)
def test_a_training_is_known_by_its_list(training_set, change, is_another):
    same = {"epochs": 3}
    ours = fingerprint_of(training_set, same)
    assert (fingerprint_of(change(training_set), same) != ours) is is_another
    assert fingerprint_of(training_set, {"epochs": 4}) != ours


def test_the_order_in_which_a_posterior_comes_is_no_difference(training_set):
    """A database gives its keys back in an order of its own."""
    held = {"line": 0.9, "blip": 0.1}
    first = training_set.train[0].pictures
    prints = {
        fingerprint_of(
            dataclasses.replace(training_set, train=[Example(first, "line", 1.0, posterior)]), {}
        )
        for posterior in (held, dict(reversed(held.items())))
    }
    assert len(prints) == 1


def settled(folder, fingerprint="ours"):
    kept = Beginning(fingerprint, (("g1", "blip", 0.1 + 0.2),), (GONE,), {"g1": "c1"})
    kept.write(folder)
    return kept


def test_it_comes_back_as_it_was(tmp_path):
    kept = settled(tmp_path)
    checkpoints = Checkpoints(tmp_path, "ours")
    assert load_beginning(checkpoints) is None  # without a checkpoint nothing is bound to it
    checkpoints.save(0, {})
    assert load_beginning(checkpoints) == kept


def test_it_is_of_one_training_alone(tmp_path):
    settled(tmp_path, "theirs")
    checkpoints = Checkpoints(tmp_path, "ours")
    checkpoints.save(0, {})
    with pytest.raises(CheckpointMismatch, match="other settings"):
        load_beginning(checkpoints)


@pytest.mark.parametrize("left", ["", "{", json.dumps({"fingerprint": "ours"})])
def test_where_it_was_spoiled_a_training_goes_on_without(tmp_path, left):
    checkpoints = Checkpoints(tmp_path, "ours")
    checkpoints.save(0, {})
    (tmp_path / "beginning.json").write_text(left)
    assert load_beginning(checkpoints) is None


BLIND = """
    import os

    if os.environ.get("RANK") == {blind!r}:  # one of the two that train
        from ml.errors import MLError
        from ml.vision.inputs import pieces

        read = pieces.PieceReader.read

        def blind(self, index, files):
            if files.pictures.glitch_id == "tblip01":
                return pieces.Skipped("tblip01", "unreadable_picture", "away for a moment")
            return read(self, index, files)

        pieces.PieceReader.read = blind
"""


@pytest.mark.parametrize("blind", ["0", "1"])
def test_processes_learn_from_what_all_of_them_can_read(recipe, tmp_path, monkeypatch, blind):
    training_set = make_set(tmp_path, train=4, validation=2, test=2)
    others = [one for one in training_set.train if one.pictures.glitch_id != "tblip01"]
    settings = dataclasses.replace(recipe, epochs=0)
    cache = tmp_path / "cache"
    without = dataclasses.replace(training_set, train=others)
    alone = train_classifier(without, settings, tmp_path / "alone", cache, device="cpu")
    (tmp_path / "sitecustomize.py").write_text(textwrap.dedent(BLIND.format(blind=blind)))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    together = train_on_all_devices(
        training_set, settings, tmp_path / "together", cache, device="cpu", processes=2
    )
    assert [one.reason for one in together.skipped] == ["away for a moment"]
    assert together.data_hash == alone.data_hash
