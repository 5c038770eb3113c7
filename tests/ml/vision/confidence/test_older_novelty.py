"""Files of weights written before novelty was measured on sketches."""

import numpy as np
import pytest
import torch

from ml.vision.confidence.novelty import spread_doubt
from ml.vision.confidence.older_novelty import FeatureNovelty
from ml.vision.networks.model_file import ModelFile
from ml.vision.networks.network import build_network
from ml.vision.prediction.classifier import Classifier
from ml.vision.recipes.settings import TrainingSettings
from tests.ml.vision.conftest import save_glitch


def doubt_of(novelty):
    """How far two probabilities of 1 and 0 are evened out: 0 to .99."""
    return (2 * spread_doubt(np.tile([1.0, 0.0], (len(novelty), 1)), novelty)[:, 1]).tolist()


def test_doubt_begins_and_is_complete_where_it_did():
    """The oldest measure by the cosine: distances 0, .92, 1.17 and 1.42 of the scale."""
    measure = FeatureNovelty.from_arrays({"means": np.eye(2), "scale": np.array(0.5)})
    cosines = 1 - 0.5 * np.array([0.0, 0.92, 1.17, 1.42])
    features = np.stack([cosines**2, -(1 - cosines**2)], axis=1)  # whose square roots are units
    assert doubt_of(measure.measure(features)) == pytest.approx([0, 0, 0.5, 0.99], abs=1e-5)


def test_a_direction_in_which_no_class_varies_counts_more():
    """Along the axis 1 / 4, across it 1 / .25 for each of one axis; then the root."""
    measure = FeatureNovelty.from_arrays(
        {
            "means": np.zeros((1, 2)),
            "scale": np.ones(1),
            "axes": np.array([[1.0, 0.0]]),
            "spreads": np.array([4.0]),
            "rest": np.array(0.25),
        }
    )
    distances = measure._distances(np.array([[1.0, 0.0], [0.0, 1.0]]))[:, 0]
    assert distances.tolist() == pytest.approx([0.5, 2.0])


def test_such_a_version_scores_as_before(tmp_path):
    settings = TrainingSettings(size=32)
    state = build_network(settings, 2).state_dict()
    older = {"means": torch.eye(2, 1280), "scale": torch.ones(2)}
    path = tmp_path / "older.pt"
    ModelFile(settings, ("blip", "line"), 1.0, state, older).write(path)
    glitch = save_glitch(tmp_path, "g", "blip", np.random.default_rng(0))
    scores = Classifier.load(path, "cpu").score([glitch], tmp_path / "cache")
    expected = FeatureNovelty.from_arrays({k: v.numpy() for k, v in older.items()})
    assert scores.novelty.tolist() == expected.measure(scores.features).tolist()
