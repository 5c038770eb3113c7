import dataclasses

import numpy as np
import pytest
import torch

from ml.vision.inputs.activations import make_inputs_for
from ml.vision.inputs.pieces import JointReader
from ml.vision.inputs.readers import FEW, open_readers
from ml.vision.inputs.views import PictureFiles
from ml.vision.networks.network import build_network


@pytest.fixture
def make(training_set, recipe, tmp_path):
    """Inputs of the first two training glitches; ``cache`` names a folder."""

    def make(cache="cache", for_training=False, **changes):
        settings = dataclasses.replace(recipe, **changes)
        network = build_network(settings, 2)
        maker = make_inputs_for(
            network, settings, tmp_path / cache, "cpu", for_training=for_training
        )
        return maker.make([example.pictures for example in training_set.train[:2]])

    return make


def test_the_boundary_decides_what_is_kept(make):
    assert make(trainable_blocks=0).arrays[0].shape == (2, 1280)
    assert make(trainable_blocks=1).arrays[0].shape == (2, 192, 1, 1)
    assert make(trainable_blocks="all").arrays[0].shape == (2, 3, 32, 32)


def test_copies_are_for_training_only(make):
    assert make(for_training=True, copies=3).arrays[0].shape[0] == 5
    assert make(copies=3).arrays[0].shape[0] == 2
    assert make(for_training=True, copies=3, trainable_blocks="all").arrays[0].shape[0] == 2


def test_what_was_cached_without_copies_serves_with_them(make):
    plain = make("one")
    extended = make("one", for_training=True, copies=2)
    fresh = make("two", for_training=True, copies=2)
    for a, b, c in zip(plain.arrays, extended.arrays, fresh.arrays, strict=True):
        assert np.array_equal(a, b[:2])
        assert np.array_equal(b, c)
    again = make("one", for_training=True, copies=2)
    assert all(np.array_equal(a, b) for a, b in zip(extended.arrays, again.arrays, strict=True))


def test_activations_equal_the_network_itself(training_set, recipe, tmp_path):
    settings = dataclasses.replace(recipe, trainable_blocks=0)
    network = build_network(settings, 2)
    maker = make_inputs_for(network, settings, tmp_path / "cache", "cpu")
    pictures = training_set.train[0].pictures
    cached = maker.to_tensor([maker.make([pictures]).arrays[0][0]])
    files = PictureFiles(pictures)
    views = maker.reader.views(files, maker.reader.content_of(files)).variants[0]
    with torch.inference_mode():
        direct = network.frozen(torch.from_numpy(views)[None].float() / 255)
    assert torch.nn.functional.cosine_similarity(cached, direct).item() > 0.99


def test_networks_of_one_frozen_part_share_what_is_read_for_them(training_set, recipe, tmp_path):
    """However their trainings differ; also what another process reads is one piece for both."""
    changes = ({}, {"copies": 3, "drop_durations": 0.0, "seed": 7}, {"size": 48})
    readers = []
    for change in changes:
        settings = dataclasses.replace(recipe, **change)
        network = build_network(settings, 2)
        maker = make_inputs_for(network, settings, tmp_path / "cache", "cpu", full_only=True)
        readers.append(maker.read)
    with open_readers(FEW) as processes:
        job = (5, training_set.train[0].pictures)
        found = processes.submit(JointReader(tuple(readers)), job).result()
    assert [piece.index for piece in found] == [5, 5, 5]
    assert found[0] is found[1]
    assert [piece.views.shape for piece in found[1:]] == [(1, 3, 32, 32), (1, 3, 48, 48)]
