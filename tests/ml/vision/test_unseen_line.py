"""A line at 589 Hz, which a real site's network, that had never seen one, called a Whistle at .976.

Simulated glitches through the whole pipeline: training, weights on disk, scores.
"""

import numpy as np
import pytest
from PIL import Image

from ml.strain.qtransform import sample_energy
from ml.strain.render import MAX_ENERGY
from ml.strain.simulate import simulate_glitch
from ml.vision.inputs.dataset import Example, GlitchPictures, TrainingSet
from ml.vision.prediction.classifier import Classifier
from ml.vision.recipes import settings_for
from ml.vision.training.train import train_classifier

KNOWN = ("Violin_Mode", "Wandering_Line", "Whistle")
DURATIONS = (1.0, 4.0)
PER_CLASS = {"train": 8, "validation": 2, "test": 3}


def made(folder, label, number):
    """Pictures without a frame of the ``number``-th simulated glitch of a class."""
    gram = simulate_glitch(label, number)
    paths = {}
    for duration in DURATIONS:
        energy = sample_energy(gram, duration, (140, 170)) * (255 / MAX_ENERGY)
        paths[duration] = folder / f"{label}_{number}_spectrogram_{duration}.png"
        Image.fromarray(np.clip(energy, 0, 255).astype(np.uint8)).save(paths[duration])
    return GlitchPictures(f"{label}_{number}", paths)


@pytest.fixture(scope="module")
def scored(tmp_path_factory):
    """What a network of three classes says of glitches of theirs, and of five lines at 589 Hz.

    Of both once more with the 1.0 s picture alone.
    """
    folder = tmp_path_factory.mktemp("line")
    splits, first = {}, 0
    for split, count in PER_CLASS.items():
        splits[split] = [
            Example(made(folder, label, number), label)
            for label in KNOWN
            for number in range(first, first + count)
        ]
        first += count
    settings = settings_for("logistic-features", {"durations": list(DURATIONS), "size": 96})
    cache = folder / "cache"
    model = train_classifier(TrainingSet(KNOWN, **splits), settings, folder / "run", cache)
    classifier = Classifier.load(model.weights)
    tested = [example.pictures for example in splits["test"]]
    lines = [made(folder, "589HZLINE", number) for number in range(5)]
    right = [KNOWN.index(example.label) for example in splits["test"]]
    asked = (tested, lines, [one_second(each) for each in tested], [one_second(x) for x in lines])
    return *(classifier.score(glitches, cache) for glitches in asked), np.array(right)


def one_second(glitch):
    return GlitchPictures(glitch.glitch_id, {1.0: glitch.paths[1.0]})


def test_a_line_that_the_network_never_saw_is_not_called_anything_for_sure(scored):
    _, unseen, *_ = scored
    assert unseen.undoubted.max() >= 0.97  # what the network alone says
    assert unseen.probabilities.max() < 0.97
    assert np.median(unseen.novelty) > 1


def test_known_glitches_stay_known(scored):
    known, unseen, _, _, right = scored
    assert (known.probabilities.argmax(axis=1) == right).mean() >= 0.7
    assert known.probabilities.max() >= 0.97
    assert np.median(known.novelty) < unseen.novelty.min()


def test_one_picture_is_enough_to_be_known_and_to_be_new(scored):
    _, _, known, unseen, _ = scored
    assert np.median(known.novelty) < 1 < np.median(unseen.novelty)
    assert known.probabilities.max(axis=1).mean() > unseen.probabilities.max(axis=1).mean()
