import numpy as np
import pytest

from ml.discovery.cluster import Cluster, cluster_pool, cohesion_of, jaccard, merge_duplicates
from ml.discovery.errors import BadVectors, TooFewPoints

from .conftest import around


@pytest.fixture
def pool():
    """Two groups of 20 (rows 0-19, 20-39) and 8 points each in a direction of its own."""
    rng = np.random.default_rng(0)
    strays = [around(4 + number, 1, rng) for number in range(8)]
    return np.concatenate([around(0, 20, rng), around(1, 20, rng), *strays])


@pytest.mark.parametrize("methods", [("kmeans",), ("hdbscan",), ("kmeans", "hdbscan")])
def test_both_groups_are_found_once_and_nearly_pure(pool, methods):
    clusters = cluster_pool(pool, seed=0, methods=methods)
    for rows in (set(range(20)), set(range(20, 40))):
        matches = [one for one in clusters if len(rows & set(one.members.tolist())) >= 18]
        assert len(matches) == 1
        assert len(set(matches[0].members.tolist()) - rows) <= 2
        assert matches[0].stability > 0.8
        assert matches[0].cohesion > 0.7


def test_the_same_seed_gives_the_same_clusters(pool):
    one, two = cluster_pool(pool, seed=3), cluster_pool(pool, seed=3)
    assert [(c.method, c.members.tolist(), c.stability) for c in one] == [
        (c.method, c.members.tolist(), c.stability) for c in two
    ]


def test_the_most_central_member_comes_first():
    rng = np.random.default_rng(0)
    pool = np.concatenate([around(0, 15, rng), around(1, 15, rng)])
    for cluster in cluster_pool(pool, seed=0):
        _, cosines = cohesion_of(pool[cluster.members])
        assert (np.diff(cosines) <= 1e-12).all()


def test_equal_points_make_no_group():
    assert cluster_pool(np.ones((20, 5)), seed=0, methods=("kmeans",)) == []


def test_cohesion_by_hand():
    cohesion, cosines = cohesion_of(np.array([[1.0, 0.0], [0.0, 2.0]]))
    assert cohesion == pytest.approx(np.sqrt(0.5))
    assert cosines.tolist() == pytest.approx([np.sqrt(0.5)] * 2)


def test_jaccard_by_hand():
    assert jaccard(np.array([1, 2, 3]), np.array([2, 3, 4])) == 0.5
    assert jaccard(np.array([], int), np.array([], int)) == 0.0


def test_of_duplicates_the_more_stable_stays():
    first = Cluster("kmeans", np.arange(10), 0.9, 0.7)
    second = Cluster("hdbscan", np.arange(9), 0.9, 0.9)
    third = Cluster("hdbscan", np.arange(20, 30), 0.9, 0.8)
    kept = merge_duplicates([first, second, third])
    assert [(one.method, len(one.members), one.also_by) for one in kept] == [
        ("hdbscan", 9, ("kmeans",)),
        ("hdbscan", 10, ()),
    ]


def test_what_cannot_be_clustered_is_refused():
    with pytest.raises(TooFewPoints) as caught:
        cluster_pool(np.zeros((9, 3)), seed=0)
    assert caught.value.code == "too_few_points"
    with pytest.raises(BadVectors):
        cluster_pool(np.full((20, 3), np.nan), seed=0)
    with pytest.raises(ValueError, match="spectral"):
        cluster_pool(np.eye(20), seed=0, methods=("spectral",))
