import numpy as np
import pytest
import torch

from ml.vision.confidence.novelty import spread_doubt
from ml.vision.errors import DamagedWeights, MissingWeights, UnreadablePictures
from ml.vision.inputs import activations
from ml.vision.inputs.dataset import GlitchPictures
from ml.vision.networks.model_file import ModelFile
from ml.vision.networks.network import build_network
from ml.vision.prediction.classifier import Classifier
from ml.vision.recipes.settings import TrainingSettings
from ml.vision.training.train import train_classifier
from ml.wanted import while_wanted
from tests.ml.vision.conftest import make_set, save_glitch


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    recipe = TrainingSettings(size=32, trainable_blocks=1, epochs=1, minibatch=8)
    model = train_classifier(make_set(folder), recipe, folder / "run", folder / "cache")
    return folder, model


@pytest.fixture
def glitches(tmp_path):
    rng = np.random.default_rng(9)
    return [save_glitch(tmp_path, f"g{n}", label, rng) for n, label in enumerate(["blip", "line"])]


def test_all_that_a_version_says(trained, glitches):
    folder, model = trained
    done = []
    classifier = Classifier.load(model.weights)
    with while_wanted(lambda: None, lambda *step: done.append(step)):
        scores = classifier.score(glitches, folder / "cache")
    assert scores.glitch_ids == ["g0", "g1"]
    assert scores.probabilities.shape == (2, 2)
    assert scores.features.shape == (2, 1280)
    assert scores.probabilities.tolist() == [
        pytest.approx(row.tolist(), abs=1e-6)
        for row in spread_doubt(scores.undoubted, scores.novelty)
    ]
    assert done == [("predicted", 2, 2, 1.0)]


def test_an_unseen_shape_is_more_novel(trained, glitches, tmp_path):
    folder, model = trained
    rng = np.random.default_rng(5)
    unseen = [save_glitch(tmp_path, f"u{n}", "arch", rng) for n in range(4)]
    scores = Classifier.load(model.weights).score([*glitches, *unseen], folder / "cache")
    assert scores.novelty[2:].min() > scores.novelty[:2].max()
    assert scores.novelty[2:].min() > 1


def test_scores_from_the_cache_are_the_same(trained, glitches, monkeypatch):
    folder, model = trained
    classifier = Classifier.load(model.weights)
    first = classifier.predict(glitches, folder / "cache")
    monkeypatch.setattr(activations.InputMaker, "_run", None)  # must not be needed again
    assert np.array_equal(Classifier.load(model.weights).predict(glitches, folder / "cache"), first)


def test_a_lost_cache_changes_nothing(trained, glitches, tmp_path):
    folder, model = trained
    classifier = Classifier.load(model.weights)
    one = classifier.predict(glitches, folder / "cache")
    other = classifier.predict(glitches, tmp_path / "empty")
    assert np.allclose(one, other, atol=1e-6)


def test_unreadable_glitches_are_listed_or_raised(trained, glitches, tmp_path):
    folder, model = trained
    classifier = Classifier.load(model.weights)
    broken = GlitchPictures("broken", {4.0: tmp_path / "absent.png"})
    scores = classifier.score([glitches[0], broken, glitches[1]], folder / "cache")
    assert scores.glitch_ids == ["g0", "g1"]
    assert [(one.glitch_id, one.code) for one in scores.skipped] == [
        ("broken", "unreadable_picture")
    ]
    with pytest.raises(UnreadablePictures, match="broken"):
        classifier.predict([broken], folder / "cache")


def test_an_answer_that_is_no_number_is_left_out_and_listed(trained, glitches):
    """As where a layer overflows on one picture: the others are answered."""
    folder, model = trained
    classifier = Classifier.load(model.weights)
    sound = classifier.score(glitches, folder / "cache")

    def spoil(_layer, _given, logits):
        return logits.index_fill(0, torch.tensor([0]), float("nan"))

    hook = classifier.network.classifier.register_forward_hook(spoil)
    scores = classifier.score(glitches, folder / "cache")
    assert scores.glitch_ids == ["g1"]
    assert scores.probabilities.tolist() == sound.probabilities[1:].tolist()
    assert scores.novelty.tolist() == sound.novelty[1:].tolist()
    assert [(left.glitch_id, left.code) for left in scores.skipped] == [("g0", "not_a_number")]
    alone = classifier.score(glitches[:1], folder / "cache")
    assert (alone.glitch_ids, alone.probabilities.shape) == ([], (0, 2))
    hook.remove()


def test_no_glitch_gives_no_rows(trained):
    folder, model = trained
    scores = Classifier.load(model.weights).score([], folder / "cache")
    assert scores.probabilities.shape == (0, 2)
    assert scores.features.shape == (0, 1280)
    assert scores.novelty.shape == (0,)


def test_missing_and_damaged_weights(trained, tmp_path):
    _, model = trained
    with pytest.raises(MissingWeights):
        Classifier.load(tmp_path / "absent.pt")
    data = model.weights.read_bytes()
    (tmp_path / "model.pt").write_bytes(data[: len(data) // 2])
    with pytest.raises(DamagedWeights, match="truncated"):
        Classifier.load(tmp_path / "model.pt")


def test_a_stream_gives_chunk_by_chunk_what_one_call_gives(trained, glitches, tmp_path):
    folder, model = trained
    classifier = Classifier.load(model.weights)
    broken = GlitchPictures("broken", {4.0: tmp_path / "absent.png"})
    asked = []

    def chunks():
        for chunk in ([glitches[0]], [broken], [], [glitches[1], broken], *[[glitches[0]]] * 6):
            asked.append(chunk)
            yield chunk

    stream = classifier.stream(chunks(), folder / "cache")
    first = next(stream)
    assert len(asked) == 3  # bounded: no more are fetched than are under way
    rest = list(stream)
    assert [one.glitch_ids for one in [first, *rest][:5]] == [["g0"], [], [], ["g1"], ["g0"]]
    assert [len(one.skipped) for one in [first, *rest][:5]] == [0, 1, 0, 1, 0]
    whole = classifier.score(glitches, folder / "cache")
    assert np.allclose(first.probabilities[0], whole.probabilities[0], atol=1e-6)


def test_a_stream_may_be_left_early(trained, glitches):
    folder, model = trained
    stream = Classifier.load(model.weights).stream([glitches] * 10, folder / "cache")
    next(stream)
    stream.close()


def test_a_prediction_cached_for_itself_does_not_stand_in_for_a_training(trained, tmp_path):
    """Predictions keep one variant of the views, trainings need two."""
    _, model = trained
    training_set = make_set(tmp_path)
    cache = tmp_path / "cache"
    Classifier.load(model.weights).predict([e.pictures for e in training_set.train], cache)
    settings = Classifier.load(model.weights).settings
    after = train_classifier(training_set, settings, tmp_path / "after", cache)
    fresh = train_classifier(training_set, settings, tmp_path / "fresh", tmp_path / "other")
    assert after.history[0]["val_loss"] == pytest.approx(fresh.history[0]["val_loss"], abs=1e-6)


@pytest.mark.parametrize(
    ("kept", "mean", "std"), [(True, 0.5, 0.5), (False, 0.449, 0.226)], ids=["new", "old"]
)
def test_files_of_before_networks_had_their_own_scaling_keep_the_one_they_were_trained_with(
    kept, mean, std
):
    settings = TrainingSettings(backbone="timm:tf_efficientnet_lite0", weights="random", size=32)
    state = build_network(settings, 2).state_dict()
    own = {f"frozen.preparation.{name}" for name in ("mean", "std")}
    assert own <= set(state)
    tensors = {key: tensor for key, tensor in state.items() if kept or key not in own}
    novelty = {"means": torch.zeros(2, 1280), "scale": torch.ones(2)}
    file = ModelFile(settings, ("blip", "line"), 1.0, tensors, novelty)
    preparation = Classifier.from_file(file).network.frozen.preparation
    assert preparation.mean.item() == pytest.approx(mean)
    assert preparation.std.item() == pytest.approx(std)
