import numpy as np
import pytest

from ml.discovery.cluster import Cluster
from ml.discovery.describe import KnownGlitches, describe_clusters, judge, medoid_order, mixing

from .conftest import around


@pytest.fixture
def known():
    """Classes "A" along axis 2 and "B" along axis 3, 15 glitches each."""
    rng = np.random.default_rng(1)
    return np.concatenate([around(2, 15, rng), around(3, 15, rng)]), np.repeat(["A", "B"], 15)


def test_a_new_group_is_shown_without_its_stragglers(known):
    rng = np.random.default_rng(2)
    pool = np.concatenate([around(0, 12, rng), around(2, 3, rng)])
    cluster = Cluster("kmeans", np.arange(15), 0.8, 0.9)
    (found,) = describe_clusters([cluster], pool, *known)
    assert found.worth_showing
    assert sorted(found.cluster.members.tolist()) == list(range(12))
    assert sorted(found.dropped.tolist()) == [12, 13, 14]
    assert found.known_share < 0.5
    assert found.look_alike == "A"
    assert len(found.distances) == 12
    assert set(found.medoids.tolist()) <= set(range(12))
    assert "12 members keep together" in found.reason


def test_a_group_of_a_known_class_is_not_worth_showing(known):
    pool = around(3, 12, np.random.default_rng(2))
    (found,) = describe_clusters([Cluster("kmeans", np.arange(12), 0.9, 0.9)], pool, *known)
    assert not found.worth_showing
    assert found.nearest_class == "B"
    assert found.nearest_distance < 0.1
    assert found.reason == "Its members mix with B (100%), as if they were of it."
    assert len(found.cluster.members) == 12


def test_without_known_glitches_nothing_looks_known():
    pool = around(0, 12, np.random.default_rng(2))
    cluster = Cluster("kmeans", np.arange(12), 0.9, 0.9)
    (found,) = describe_clusters([cluster], pool, np.zeros((0, 20)), np.array([], dtype=str))
    assert found.worth_showing
    assert (found.nearest_class, found.nearest_distance) == (None, None)


@pytest.mark.parametrize(
    ("members", "cohesion", "stability", "known_share", "worth", "words"),
    [
        (8, 0.9, 0.9, 0.0, True, "8 members keep together"),
        (4, 0.9, 0.9, 0.0, False, "fewer than 5"),
        (8, 0.9, 0.4, 0.0, False, "falls apart"),
        (8, 0.2, 0.9, 0.0, False, "little in common"),
        (8, 0.9, 0.9, 0.6, False, "mix with A (60%)"),
    ],
)
def test_verdicts(members, cohesion, stability, known_share, worth, words):
    cluster = Cluster("kmeans", np.arange(members), cohesion, stability)
    verdict, reason = judge(cluster, "A", known_share)
    assert verdict is worth
    assert words in reason


def test_a_known_class_with_few_labels_is_still_recognised():
    rng = np.random.default_rng(3)
    cluster = Cluster("kmeans", np.arange(30), 0.9, 0.9)
    known = np.concatenate([around(2, 6, rng), around(3, 15, rng)])
    (found,) = describe_clusters(
        [cluster], around(2, 30, rng), known, np.repeat(["A", "B"], [6, 15])
    )
    assert (found.worth_showing, found.look_alike) == (False, "A")


@pytest.mark.parametrize(
    ("shares", "mixed"),
    [([0.0, 0.0], 0.0), ([0.6, 0.6], 1.0), ([0.2, 0.4], 0.6), ([1.0, 1.0], 1.0)],
)
def test_mixing_by_hand(shares, mixed):
    """Two members, two labeled glitches: half of the neighbours would be known if all were one."""
    known = KnownGlitches(np.eye(2), np.array(["A", "A"]), ("A",), np.eye(2)[:1])
    assert mixing(np.array(shares), "A", known) == pytest.approx(mixed)


def test_the_medoid_is_the_most_central():
    angles = np.array([0.0, 0.5, 0.6, 1.5])
    units = np.column_stack([np.cos(angles), np.sin(angles)])
    assert medoid_order(units)[0] == 2
