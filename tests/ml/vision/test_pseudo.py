import dataclasses

import numpy as np

from ml.vision.dataset import GlitchPictures
from ml.vision.pseudo import pseudo_examples
from ml.vision.train import train_classifier

from .conftest import make_set, save_glitch


def test_unlabeled_glitches_get_the_class_of_their_like(tmp_path):
    training_set = make_set(tmp_path, train=2)
    rng = np.random.default_rng(5)
    labels = ["blip", "line"] * 6
    unlabeled = [save_glitch(tmp_path, f"u{n:02d}", label, rng) for n, label in enumerate(labels)]
    unlabeled.append(GlitchPictures("gone", {4.0: tmp_path / "absent.png"}))
    found = pseudo_examples(
        training_set.classes, training_set.train, unlabeled, tmp_path / "cache", "cpu"
    )
    given = {example.pictures.glitch_id: example.label for example in found}
    right = [given[f"u{n:02d}"] == label for n, label in enumerate(labels) if f"u{n:02d}" in given]
    assert len(right) >= 8
    assert np.mean(right) >= 0.9
    assert all(0.25 <= example.weight <= 0.5 for example in found)


def test_a_training_learns_from_them_and_says_so(training_set, recipe, tmp_path):
    rng = np.random.default_rng(5)
    unlabeled = [save_glitch(tmp_path, f"u{n:02d}", "blip", rng) for n in range(4)]
    unlabeled.append(training_set.test[0].pictures)  # what it is tested on, it does not see
    mixed = dataclasses.replace(training_set, unlabeled=unlabeled)
    settings = dataclasses.replace(recipe, epochs=0, unlabeled=5)
    model = train_classifier(mixed, settings, tmp_path / "run", tmp_path / "cache")
    assert model.notes == ("Learned from 4 of 5 unlabeled glitches besides.",)
    plain = train_classifier(
        mixed, dataclasses.replace(settings, unlabeled=0), tmp_path / "plain", tmp_path / "cache"
    )
    assert (plain.notes, plain.data_hash == model.data_hash) == ((), False)
