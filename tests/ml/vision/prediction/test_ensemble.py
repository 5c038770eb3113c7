import dataclasses
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from ml.vision.confidence.calibrate import reported
from ml.vision.confidence.novelty import spread_doubt
from ml.vision.errors import MissingWeights, NoMembers
from ml.vision.inputs.dataset import GlitchPictures, TrainingSet
from ml.vision.networks.model_file import ModelFile
from ml.vision.prediction.classifier import CHUNKS_AHEAD, Classifier
from ml.vision.prediction.ensemble import Ensemble, average, logits_of, make_ensemble
from ml.vision.recipes import settings_for
from ml.vision.training.train import train_classifier


def test_the_average_of_members_who_know_the_same_classes():
    said = [np.array([[0.8, 0.2]]), np.array([[0.4, 0.6]])]
    assert average(said, ["ab", "ba"], "ab").tolist() == [pytest.approx([0.7, 0.3])]


def test_who_does_not_know_a_class_leaves_it_to_those_who_do():
    """b says .5 for c; a takes that and deals out the other half as it did before: .4 and .1."""
    said = [np.array([[0.8, 0.2]]), np.array([[0.25, 0.25, 0.5]])]
    assert average(said, ["ab", "abc"], "abc").tolist() == [
        pytest.approx([(0.4 + 0.25) / 2, (0.1 + 0.25) / 2, 0.5])
    ]


def test_classes_that_nobody_knows_or_nobody_asks_for():
    said = [np.array([[0.6, 0.2, 0.2]])]
    assert average(said, ["abc"], "abd").tolist() == [pytest.approx([0.75, 0.25, 0.0])]


def test_who_could_not_read_a_glitch_has_no_say_in_it():
    """Of the second glitch only the first member, who does not know c, and of the third neither
    the first's opinion nor its silence on c counts."""
    said = [np.array([[0.8, 0.2]] * 3), np.array([[0.25, 0.25, 0.5]] * 3)]
    read = np.array([[True, True, False], [True, False, True]])
    assert average(said, ["ab", "abc"], "abc", read).tolist() == [
        pytest.approx([(0.4 + 0.25) / 2, (0.1 + 0.25) / 2, 0.5]),
        pytest.approx([0.8, 0.2, 0.0]),
        pytest.approx([0.25, 0.25, 0.5]),
    ]


@pytest.fixture
def members(training_set, recipe, tmp_path):
    """Two versions of different recipes."""
    other = settings_for("logistic-features", {"size": 32})
    return [
        train_classifier(training_set, settings, tmp_path / name, tmp_path / "cache").weights
        for name, settings in (("a", dataclasses.replace(recipe, epochs=0)), ("b", other))
    ]


def test_an_ensemble_is_a_version_like_any_other(members, training_set, tmp_path):
    cache = tmp_path / "cache"
    settings = settings_for("ensemble", {"members": [1, 2]})
    model = make_ensemble(members, training_set, settings, tmp_path / "e", cache)
    ensemble = Classifier.load(model.weights)
    assert isinstance(ensemble, Ensemble)
    assert (ensemble.classes, ensemble.temperature) == (training_set.classes, model.temperature)
    pictures = [example.pictures for example in training_set.test]
    scores = ensemble.score(pictures, cache)
    assert scores.probabilities.sum(axis=1) == pytest.approx(1.0, abs=1e-5)
    each = [Classifier.load(path).score(pictures, cache) for path in members]
    assert scores.features.shape[1] == ensemble.feature_size == 2 * 1280
    assert np.allclose(scores.novelty, (each[0].novelty + each[1].novelty) / 2, atol=1e-5)
    mean = (each[0].undoubted + each[1].undoubted) / 2
    sharpened = mean ** (1 / model.temperature)
    sharpened /= sharpened.sum(axis=1, keepdims=True)
    assert np.allclose(scores.undoubted, sharpened, atol=1e-4)
    doubted = spread_doubt(sharpened, scores.novelty)
    assert np.allclose(scores.probabilities, doubted, atol=1e-4)


opened: Counter[Path] = Counter()


class CountedPath(type(Path())):
    """A file that notes how often it is read."""

    def read_bytes(self):
        opened[self] += 1
        return super().read_bytes()


def counted(pictures):
    return GlitchPictures(
        pictures.glitch_id, {key: CountedPath(path) for key, path in pictures.paths.items()}
    )


def test_one_pass_says_what_the_members_say_alone(members, training_set, tmp_path):
    """Of sizes and durations of their own, one of them an ensemble, one reading fewer files."""
    small, features = (ModelFile.read(path) for path in members)
    settings = settings_for("logistic-features", {"size": 48, "durations": [4.0]})
    other = train_classifier(training_set, settings, tmp_path / "c", tmp_path / "cache").weights
    inner = ModelFile(settings, ("line", "blip"), 0.5, {}, {}, (features, ModelFile.read(other)))
    whole = Classifier.from_file(ModelFile(settings, ("blip", "line"), 2.0, {}, {}, (small, inner)))
    asked = [example.pictures for example in training_set.test]
    alone = [Classifier.from_file(one).score(asked, tmp_path / "own") for one in (small, inner)]

    opened.clear()
    scores = whole.score([counted(pictures) for pictures in asked], tmp_path / "fresh")
    assert set(opened.values()) == {1}
    assert set(opened) == {path for pictures in asked for path in pictures.paths.values()}
    assert scores.glitch_ids == [pictures.glitch_id for pictures in asked]
    mean = average(
        [one.undoubted for one in alone], [("blip", "line"), ("line", "blip")], ("blip", "line")
    )
    novelty = np.mean([one.novelty for one in alone], axis=0)
    assert np.array_equal(scores.novelty, novelty.astype(np.float32))
    assert np.allclose(scores.undoubted, reported(logits_of(mean), 2.0), atol=1e-6)
    assert np.allclose(scores.probabilities, reported(logits_of(mean), 2.0, novelty), atol=1e-6)
    assert np.array_equal(scores.features, np.concatenate([one.features for one in alone], axis=1))


def test_what_one_member_cannot_read_the_others_say(members, training_set, tmp_path):
    """One looks at 4.0 s alone, and one of two glitches has no such picture: the other decides."""
    settings = settings_for("logistic-features", {"size": 32, "durations": [4.0]})
    other = train_classifier(training_set, settings, tmp_path / "c", tmp_path / "cache").weights
    files = (ModelFile.read(other), ModelFile.read(members[0]))
    whole = Classifier.from_file(ModelFile(settings, ("blip", "line"), 1.0, {}, {}, files))
    good, short = (example.pictures for example in training_set.test[:2])
    short = GlitchPictures(short.glitch_id, {1.0: short.paths[1.0]})
    blind, seeing = (
        Classifier.load(path).score([short], tmp_path / "own") for path in (other, members[0])
    )
    assert [left.code for left in blind.skipped] == ["no_usable_duration"]
    scores = whole.score([short, good], tmp_path / "own")
    assert (scores.glitch_ids, scores.skipped) == ([short.glitch_id, good.glitch_id], ())
    assert np.allclose(scores.undoubted[0], seeing.undoubted[0], atol=1e-5)
    assert scores.novelty[0] == seeing.novelty[0]
    assert np.isnan(scores.features[0, :1280]).all()
    assert np.allclose(scores.features[0, 1280:], seeing.features[0], atol=1e-5)
    both = whole.score([good], tmp_path / "own")
    assert np.allclose(scores.probabilities[1], both.probabilities[0], atol=1e-5)


def test_a_picture_that_cannot_be_read_is_not_averaged_over(members, training_set, tmp_path):
    """Whoever does not look at it could speak; but the file may be whole again tomorrow."""
    settings = settings_for("logistic-features", {"size": 32, "durations": [4.0]})
    other = train_classifier(training_set, settings, tmp_path / "c", tmp_path / "cache").weights
    files = (ModelFile.read(members[0]), ModelFile.read(other))
    whole = Classifier.from_file(ModelFile(settings, ("blip", "line"), 1.0, {}, {}, files))
    good, bad = (example.pictures for example in training_set.test[:2])
    bad.paths[1.0].write_bytes(b"no picture")
    assert Classifier.load(other).score([bad], tmp_path / "own").glitch_ids == [bad.glitch_id]
    scores = whole.score([bad, good], tmp_path / "own")
    assert scores.glitch_ids == [good.glitch_id]
    assert scores.skipped == Classifier.load(members[0]).score([bad], tmp_path / "own").skipped


def test_who_knows_no_class_of_the_ensemble_does_not_answer_alone(members, training_set, tmp_path):
    settings = settings_for("logistic-features", {"size": 32, "durations": [4.0]})
    other = train_classifier(training_set, settings, tmp_path / "c", tmp_path / "cache").weights
    stranger = dataclasses.replace(ModelFile.read(members[0]), classes=("x", "y"))
    files = (stranger, ModelFile.read(other))
    whole = Classifier.from_file(ModelFile(settings, ("blip", "line"), 1.0, {}, {}, files))
    good, short = (example.pictures for example in training_set.test[:2])
    short = GlitchPictures(short.glitch_id, {1.0: short.paths[1.0]})
    scores = whole.score([short, good], tmp_path / "own")
    assert scores.glitch_ids == [good.glitch_id]
    assert [left.code for left in scores.skipped] == ["no_usable_duration"]
    assert np.isfinite(scores.probabilities).all()


def test_an_ensemble_reads_ahead_as_one_network_does(members, training_set, tmp_path):
    cache = tmp_path / "cache"
    settings = settings_for("ensemble", {"members": [1, 2]})
    model = make_ensemble(members, training_set, settings, tmp_path / "e", cache)
    ensemble = Classifier.load(model.weights)
    pictures = [example.pictures for example in training_set.test]  # 8
    fetched = []

    def chunks():
        for one in pictures:
            fetched.append(one)
            yield [one]

    stream = ensemble.stream(chunks(), cache)
    first = next(stream)
    assert fetched == pictures[:CHUNKS_AHEAD]
    rows = [first, *stream]
    together = ensemble.score(pictures, cache)
    assert [key for row in rows for key in row.glitch_ids] == together.glitch_ids
    apart = np.concatenate([row.probabilities for row in rows])
    assert np.allclose(apart, together.probabilities, atol=1e-5)


def test_what_no_member_can_read_is_skipped(members, training_set, tmp_path):
    cache = tmp_path / "cache"
    settings = settings_for("ensemble", {"members": [1, 2]})
    model = make_ensemble(members, training_set, settings, tmp_path / "e", cache)
    good, bad = (example.pictures for example in training_set.test[:2])
    for path in bad.paths.values():
        path.write_bytes(b"no picture")
    scores = Classifier.load(model.weights).score([bad, good], cache)
    assert scores.glitch_ids == [good.glitch_id]
    assert [left.glitch_id for left in scores.skipped] == [bad.glitch_id]


def test_one_member_or_an_absent_one_is_refused(members, training_set, tmp_path):
    settings = settings_for("ensemble")
    alone = TrainingSet(training_set.classes, training_set.train, [], training_set.test)
    for paths, error in (
        (members[:1], NoMembers),
        ([members[0], tmp_path / "gone.pt"], MissingWeights),
    ):
        with pytest.raises(error):
            make_ensemble(paths, alone, settings, tmp_path / "e", tmp_path / "cache")
