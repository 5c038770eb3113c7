import dataclasses

import numpy as np
import pytest

from ml.vision.errors import BadSettings
from ml.vision.few_shot.pseudo import pseudo_examples, teachers
from ml.vision.inputs.dataset import Example, GlitchPictures
from ml.vision.networks.model_file import ModelFile
from ml.vision.recipes.settings import TrainingSettings
from ml.vision.training.train import train_classifier
from tests.ml.vision.conftest import make_set, save_glitch


def test_unlabeled_glitches_get_the_class_of_their_like(tmp_path):
    training_set = make_set(tmp_path, train=2)
    rng = np.random.default_rng(5)
    labels = ["blip", "line"] * 6
    unlabeled = [save_glitch(tmp_path, f"u{n:02d}", label, rng) for n, label in enumerate(labels)]
    unlabeled.append(GlitchPictures("gone", {4.0: tmp_path / "absent.png"}))
    found = pseudo_examples(training_set.train, unlabeled, tmp_path / "cache", "cpu")
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
    # What is new shall not be known by a guess: novelty is measured from labels that people gave.
    labeled = len(training_set.train)
    for trained in (model, plain):
        assert len(ModelFile.read(trained.weights).novelty["sketches"]) == labeled


def test_the_longest_picture_alone_is_looked_at(tmp_path):
    """So a shorter one that is broken, or shows another class, changes nothing."""
    training_set, rng = make_set(tmp_path, train=2), np.random.default_rng(5)
    (tmp_path / "broken.png").write_bytes(b"not a picture")
    whole = save_glitch(tmp_path, "whole", "line", rng, durations=(4.0,))
    other = save_glitch(tmp_path, "other", "blip", rng, durations=(0.5,))
    unlabeled = [
        whole,
        GlitchPictures("torn", {0.5: tmp_path / "broken.png", **whole.paths}),
        GlitchPictures("mixed", {**other.paths, **whole.paths}),
        other,  # it has no 4.0 s picture: nothing is said of it
    ]
    found = pseudo_examples(training_set.train, unlabeled, tmp_path / "cache", "cpu")
    assert [(one.pictures.glitch_id, one.label) for one in found] == [
        ("whole", "line"),
        ("torn", "line"),
        ("mixed", "line"),
    ]
    assert found[1].pictures is unlabeled[1]  # the training sees all of its pictures
    assert found[0].weight == pytest.approx(found[1].weight) == pytest.approx(found[2].weight)


def test_nobody_is_told_by_a_single_class(tmp_path):
    rng = np.random.default_rng(5)
    labeled = [Example(save_glitch(tmp_path, "known", "blip", rng), "blip")]
    unlabeled = [save_glitch(tmp_path, "asked", "blip", rng)]
    assert pseudo_examples(labeled, unlabeled, tmp_path / "cache", "cpu") == []


@pytest.mark.parametrize(
    ("most", "kept"), [(2, "ad x"), (3, "ace x"), (5, "abcde x"), (9, "abcde x")]
)
def test_of_a_class_with_many_labels_some_evenly_spaced_ones_teach(most, kept):
    labeled = [Example(GlitchPictures(key, {}), "Blip") for key in "abcde"]
    labeled.insert(2, Example(GlitchPictures("x", {}), "Whistle"))
    found = teachers(labeled, most)
    blips, whistles = (
        "".join(one.pictures.glitch_id for one in found if one.label == label)
        for label in ("Blip", "Whistle")
    )
    assert f"{blips} {whistles}" == kept


def test_a_pool_too_large_for_the_memory_is_refused():
    assert TrainingSettings(unlabeled=2000).unlabeled == 2000
    with pytest.raises(BadSettings, match="from 0 to 2000"):
        TrainingSettings(unlabeled=2001)
