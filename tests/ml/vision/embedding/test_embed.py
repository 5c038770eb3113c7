import numpy as np
import pytest
import torch

from ml.vision.embedding.direct import contrastive_loss, draw_pairs, train_direct
from ml.vision.embedding.embed import from_content
from ml.vision.embedding.embedder import Embedder
from ml.vision.embedding.frozen import embedding_inputs, frozen_features, pixels
from ml.vision.embedding.kinds import FITS, FROZEN, JOINED, PIXELS, WHITENED, embeddings_for
from ml.vision.embedding.linear import fit_pca, pad
from ml.vision.errors import DamagedWeights, OldEmbedding, OtherColumns, TooFewClasses
from ml.vision.networks.network import build_network
from ml.vision.storage.packed import pack


def blobs(seed=0, dims=12):
    """Three classes of 15 points around axes 0, 1 and 2, all positive like features are."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(["a", "b", "c"], 15)
    features = np.repeat(4.0 * np.eye(3, dims), 15, axis=0) + rng.uniform(0, 1, (45, dims))
    return features.astype(np.float32), labels


def test_padding_gives_unit_length_and_zeros():
    padded = pad(np.array([[3.0, 4.0], [0.0, 0.0]]), 4)
    assert padded.tolist() == [pytest.approx([0.6, 0.8, 0, 0]), [0, 0, 0, 0]]


def test_contrastive_loss_by_hand():
    a = torch.tensor([[1.0, 0.0], [1.0, 0.0], [1.0, 0.0], [1.0, 0.0]])
    b = torch.tensor([[2.0, 0.0], [0.0, 1.0], [2.0, 0.0], [0.0, 1.0]])
    same = torch.tensor([1.0, 1.0, 0.0, 0.0])
    # squared cosine distances 0, 1, 0, 1: losses 0, 1, 1 (margin), 0
    assert contrastive_loss(a, b, same).item() == pytest.approx(0.5)


def test_at_least_half_of_the_pairs_are_of_one_class():
    columns = np.repeat([0, 1, 2], 15)
    first, second = draw_pairs(columns, 40, np.random.default_rng(0))
    assert (columns[first] == columns[second])[::2].all()


ALL = embeddings_for(feature_size=8)


@pytest.mark.parametrize("fit", [*ALL.values(), *(fit for _, fit in FITS.values())])
def test_every_embedding_has_200_numbers_and_comes_back_from_its_content(fit):
    features, labels = blobs()
    embedding = fit(features, labels, 0)
    vectors = embedding.transform(features)
    assert vectors.shape == (45, 200)
    assert vectors.dtype == np.float32
    lengths = np.linalg.norm(vectors, axis=1)
    assert np.allclose(lengths[lengths > 0], 1, atol=1e-5)
    assert np.array_equal(from_content(embedding.content()).transform(features), vectors)
    assert np.array_equal(fit(features, labels, 0).transform(features), vectors)


def test_each_embedding_takes_its_own_columns():
    """Eight columns play the features, four the pixels."""
    features, labels = blobs()
    changed = features.copy()
    changed[:, 8:] = changed[::-1, 8:]
    same = {
        name: np.array_equal(
            ALL[name](features, labels, 0).transform(features),
            ALL[name](changed, labels, 0).transform(changed),
        )
        for name in (WHITENED, PIXELS, JOINED)
    }
    assert same == {WHITENED: True, PIXELS: False, JOINED: False}


def test_direct_brings_the_known_classes_together():
    features, labels = blobs()
    vectors = train_direct(features, labels, 0, learning_rate=1e-3, epochs=20).transform(features)
    alike = vectors @ vectors.T
    same = labels[:, None] == labels[None, :]
    assert alike[same].mean() > 0.9
    assert alike[~same].mean() < 0.5


def test_direct_needs_two_classes():
    with pytest.raises(TooFewClasses):
        train_direct(np.eye(4), np.array(["a"] * 4), 0)


def test_pca_keeps_no_more_axes_than_there_are():
    assert fit_pca(np.eye(4, 10), 50).axes.shape == (4, 10)


@pytest.mark.parametrize("columns", [8, 11, 13])
def test_rows_of_other_columns_are_refused(columns):
    """The features alone would fit the slice that is taken of the twelve."""
    features, labels = blobs()
    embedding = ALL[WHITENED](features, labels, 0)
    with pytest.raises(OtherColumns, match=f"12 columns and is given {columns}"):
        embedding.transform(np.zeros((2, columns), np.float32))


@pytest.fixture
def embedder(training_set, recipe, tmp_path):
    """The frozen embedding of the training glitches."""
    network = build_network(recipe, 2)
    glitches = [example.pictures for example in training_set.train]
    inputs = embedding_inputs(glitches, network, tmp_path / "cache", "cpu")
    fit = embeddings_for(inputs.feature_size)[FROZEN]
    return Embedder(network, fit(inputs.rows, np.array([]), 0))


def test_an_embedder_comes_back_with_its_network(embedder, training_set, tmp_path):
    glitches = [example.pictures for example in training_set.test[:2]]
    vectors, skipped = embedder.embed(glitches, tmp_path / "cache", "cpu")
    embedder.write(tmp_path / "embedding.pt")
    again = Embedder.read(tmp_path / "embedding.pt")
    assert again.network.settings == embedder.network.settings
    assert np.array_equal(again.embed(glitches, tmp_path / "elsewhere", "cpu")[0], vectors)
    assert (vectors.shape, skipped) == ((2, 200), ())


def test_a_file_that_is_damaged_or_of_before_is_refused(embedder, tmp_path):
    path = tmp_path / "embedding.pt"
    embedder.write(path)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(DamagedWeights, match="truncated"):
        Embedder.read(path)
    path.write_bytes(pack({"layout": 1, **embedder.embedding.content()}))
    with pytest.raises(OldEmbedding, match="next search for new classes"):
        Embedder.read(path)


def test_tables_list_what_cannot_be_read(training_set, recipe, tmp_path):
    from ml.vision.inputs.dataset import GlitchPictures

    glitches = [example.pictures for example in training_set.test]
    asked = [glitches[0], GlitchPictures("gone", {4.0: tmp_path / "gone.png"}), glitches[1]]
    for table, width in (
        (frozen_features(asked, recipe, tmp_path / "cache"), 1280),
        (pixels(asked, recipe, tmp_path / "cache"), 3 * 56 * 56),
    ):
        assert table.glitch_ids == [glitches[0].glitch_id, glitches[1].glitch_id]
        assert table.features.shape == (2, width)
        assert [one.glitch_id for one in table.skipped] == ["gone"]
    joint = embedding_inputs(asked, build_network(recipe, 2), tmp_path / "cache")
    assert (joint.rows.shape, joint.feature_size) == ((2, 1280 + 3 * 56 * 56), 1280)
    assert joint.glitch_ids == [glitches[0].glitch_id, glitches[1].glitch_id]
