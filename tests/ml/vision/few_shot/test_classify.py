"""Few labels and a pool, on points that a reader can place on paper."""

import numpy as np
import pytest

from ml.vision.errors import TooFewClasses
from ml.vision.few_shot.classify import (
    FewShotClassifier,
    JoinedScale,
    neighbour_graph,
    rows_to_one,
    spread_labels,
    unit_rows,
)

CLASSES = np.array(["Blip", "Koi_Fish", "Whistle"])


def test_rows_are_scaled_and_what_is_zero_stays_harmless():
    assert unit_rows(np.array([[3.0, 4.0], [0.0, 0.0]])).tolist() == [[0.6, 0.8], [0.0, 0.0]]
    assert rows_to_one(np.array([[1.0, 3.0], [0.0, 0.0]])).tolist() == [[0.25, 0.75], [0.5, 0.5]]


def test_two_neighbours_are_linked_with_weight_one():
    graph = neighbour_graph(np.array([[0.0], [2.0]]), neighbours=10).toarray()
    assert graph == pytest.approx(np.array([[0, 1], [1, 0]]))


def test_the_middle_is_undecided():
    found = spread_labels(np.array([[0.0], [2.0], [1.0]]), np.array([0, 1]), 2, neighbours=1)
    assert found[2] == pytest.approx([0.5, 0.5])
    assert found[0, 0] == pytest.approx(found[1, 1])
    assert found[0, 0] > 0.5


def test_what_no_label_reaches_is_even():
    points = np.array([[0.0], [10.0], [0.1], [10.1], [20.0], [20.1]])
    found = spread_labels(points, np.array([0, 1]), 2, neighbours=1)
    assert found.tolist() == [
        pytest.approx(row) for row in ([1, 0], [0, 1], [1, 0], [0, 1], [0.5, 0.5], [0.5, 0.5])
    ]


def test_a_label_walks_along_a_chain_that_the_straight_line_leaves():
    """Two rows of points, 3 apart. Class 0 is labeled at its left end, class 1 at its right.

    The right end of the lower row is 9 from its own label and 3 from the other's.
    """
    x = np.arange(0, 10, 0.5)
    lower, upper = np.stack([x, 0 * x], axis=1), np.stack([x, 0 * x + 3], axis=1)
    points = np.concatenate([lower[:1], upper[-1:], lower[1:], upper[:-1]])
    truth = np.array([0, 1] + [0] * 19 + [1] * 19)
    found = spread_labels(points, truth[:2], 2, neighbours=3)
    assert found.argmax(axis=1).tolist() == truth.tolist()


def test_many_labels_of_one_class_do_not_outvote_the_single_one_of_another():
    points = np.array([[-1.0], [-1.0], [-1.0], [1.0], [0.0]])
    found = spread_labels(points, np.array([0, 0, 0, 1]), 2, neighbours=4)
    assert found[4, 1] > 0.4


def clouds(rare=60, seed=0):
    """Labeled (3, 8), their labels, pool (120 + rare, 8), its labels.

    Each class has an axis of its own, on which its members lie at 1. Along a fourth they scatter,
    whatever their class; there the first two labels are outliers on opposite sides, and mislead.
    """
    rng = np.random.default_rng(seed)
    centres, columns = np.eye(3, 8), np.repeat([0, 1, 2], [60, 60, rare])
    scatter = (0.1, 0.1, 0.1, 0.4, 0.1, 0.1, 0.1, 0.1)
    pool = centres[columns] + rng.normal(0, scatter, (len(columns), 8))
    labeled = centres.copy()
    labeled[0, 3], labeled[1, 3] = 1.2, -1.2
    return labeled, CLASSES, pool, CLASSES[columns]


@pytest.mark.parametrize("rare", [60, 12])
def test_the_pool_mends_what_two_misleading_labels_got_wrong(rare):
    labeled, labels, pool, truth = clouds(rare)
    alone = FewShotClassifier().fit(labeled, labels, pool[:0])
    helped = FewShotClassifier().fit(labeled, labels, pool)
    assert np.mean(alone.predict(pool) == truth) < 0.92
    assert np.mean(helped.predict(pool) == truth) > 0.94


def test_probabilities_of_the_pool_are_those_of_a_later_question():
    labeled, labels, pool, _ = clouds()
    model = FewShotClassifier().fit(labeled, labels, pool)
    assert model.classes_.tolist() == CLASSES.tolist()
    assert model.predict_proba(pool) == pytest.approx(model.pool_probabilities_)
    assert model.predict_proba(pool).sum(axis=1) == pytest.approx(np.ones(180))


def test_without_a_pool_labels_alone_decide():
    features = np.eye(3)
    model = FewShotClassifier().fit(features, CLASSES, np.zeros((0, 3)))
    assert model.predict(features).tolist() == CLASSES.tolist()
    assert model.pool_probabilities_.shape == (0, 3)


def test_the_same_seed_gives_the_same():
    first, again = (FewShotClassifier().fit(*clouds()[:3]) for _ in range(2))
    assert (first.pool_probabilities_ == again.pool_probabilities_).all()


@pytest.mark.parametrize(
    ("features", "labels", "error"),
    [
        (np.eye(2), ["Blip", "Blip"], TooFewClasses),
        (np.eye(2), ["Blip", "Koi_Fish", "Blip"], ValueError),
        (np.array([[np.nan, 0], [0, 1]]), ["Blip", "Koi_Fish"], ValueError),
    ],
)
def test_what_cannot_be_learned_from_is_refused(features, labels, error):
    with pytest.raises(error):
        FewShotClassifier().fit(features, np.array(labels), np.eye(2))


def test_crops_and_pixels_come_on_one_scale():
    """Two crops of one feature, two pixels: crops become -1 or 1, pixels twice their square."""
    crops = np.array([[[1.0], [30.0]], [[3.0], [10.0]]])  # (2, 2, 1)
    pixels = np.array([[5.0, 0.0], [0.0, 0.1]])
    joined = JoinedScale.fit(crops, pixels).transform(crops, pixels)
    assert joined == pytest.approx(np.array([[-1, 1, 1, -1], [1, -1, -1, 1]]))
