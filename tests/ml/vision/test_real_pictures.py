"""On real spectrograms: does the whole way from pictures to an unknown class found hold?"""

import os
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pytest

from ml.discovery.cluster import cluster_pool
from ml.discovery.describe import describe_clusters
from ml.pictures import parse_picture_name
from ml.vision.embedding.frozen import frozen_features
from ml.vision.embedding.linear import frozen_embedding
from ml.vision.evaluate import metrics
from ml.vision.inputs.dataset import Example, GlitchPictures, TrainingSet
from ml.vision.prediction.classifier import Classifier
from ml.vision.recipes.settings import TrainingSettings
from ml.vision.training.train import train_classifier

SPECTROGRAMS = Path(os.environ.get("NOTA_SHARED", "../shared")) / "data" / "spectrograms"
UNKNOWN = "Whistle"

pytestmark = pytest.mark.skipif(
    not SPECTROGRAMS.is_dir(), reason=f"no real spectrograms in {SPECTROGRAMS} (set NOTA_SHARED)"
)


@pytest.fixture(scope="module")
def examples():
    found = []
    for folder in sorted(SPECTROGRAMS.iterdir()):
        paths = defaultdict(dict)
        for path in sorted(folder.glob("*.png")):
            name = parse_picture_name(path.name)
            paths[name.gravityspy_id][name.duration] = path
        found += [
            Example(GlitchPictures(glitch_id, each), folder.name)
            for glitch_id, each in paths.items()
        ]
    return found


@pytest.fixture(scope="module")
def split(examples):
    """Half of each known class to train on, half to test on; validation none; Whistle unknown."""
    train, test = [], []
    for label in sorted({example.label for example in examples} - {UNKNOWN}):
        members = [example for example in examples if example.label == label]
        train += members[::2]
        test += members[1::2]
    unknown = [example for example in examples if example.label == UNKNOWN]
    return train, test, unknown


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


def pictures_of(examples):
    return [example.pictures for example in examples]


def labels_of(examples):
    return np.array([example.label for example in examples])


def test_known_classes_are_recognised_and_the_unknown_one_is_novel(split, cache, tmp_path):
    train, test, unknown = split
    classes = tuple(sorted(set(labels_of(train))))
    recipe = TrainingSettings(epochs=1, copies=0)
    data = TrainingSet(classes, train, [], test)
    model = train_classifier(data, recipe, tmp_path / "run", cache)
    scores = Classifier.load(model.weights).score(pictures_of([*test, *unknown]), cache)
    figures = metrics(scores.probabilities[: len(test)], labels_of(test), classes)
    assert figures["accuracy"] >= 0.85
    confidence = scores.probabilities.max(axis=1)
    assert np.median(confidence[len(test) :]) < 0.6 < np.median(confidence[: len(test)])
    assert np.median(scores.novelty[len(test) :]) > 1.0 > np.median(scores.novelty[: len(test)])


def test_whistle_is_discovered_among_stragglers(split, cache):
    train, test, unknown = split
    pool = [*unknown, *test[::6]]
    features = [
        frozen_features(pictures_of(part), TrainingSettings(), cache).features
        for part in (train, pool)
    ]
    embedding = frozen_embedding(features[0])
    vectors = [embedding.transform(part) for part in features]
    clusters = cluster_pool(vectors[1], seed=0)
    described = describe_clusters(clusters, vectors[1], vectors[0], labels_of(train))
    shown = [one for one in described if one.worth_showing]
    best = max(shown, key=lambda one: len(one.cluster.members))
    counts = Counter(labels_of(pool)[best.cluster.members])
    assert counts[UNKNOWN] / len(best.cluster.members) >= 0.9
    assert counts[UNKNOWN] / len(unknown) >= 0.7
