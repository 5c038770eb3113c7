import numpy as np
import pytest

from ml.vision.judging.groups import SECONDS_PER_WEEK, Origins, by_groups, run_of
from ml.vision.judging.judged import Judged

O1, O3A = 1130000000.0, 1240000000.0


@pytest.mark.parametrize(
    ("gps", "name"),
    [
        (1126051217, "O1"),
        (1137254417, "between runs"),
        (1170000000, "O2"),
        (1253977217, "O3a"),
        (1256655618, "O3b"),
        (float("nan"), "unknown"),
    ],
)
def test_the_run_of_a_second(gps, name):
    assert run_of(gps) == name


def test_figures_by_detector_run_week_and_nearness():
    labels = ["A", "A", "B", "B"]
    p = np.array([0.9, 0.9, 0.9, 0.1])  # the third is wrong
    judged = Judged(("A", "B"), np.column_stack([p, 1 - p]), labels)
    times = np.array([O1, O3A, O3A + 5, np.nan])
    found = by_groups(judged, Origins(["H1", "H1", "L1", "L1"], times, np.array([O3A + 30])))

    def rows(kind):
        return [(r["name"], r["count"], r["accuracy"]) for r in found[kind]]

    assert rows("detector") == [("H1", 2, 1.0), ("L1", 2, 0.5)]
    assert rows("run") == [("O1", 1, 1.0), ("O3a", 2, 0.5), ("unknown", 1, 1.0)]
    assert [r["count"] for r in found["week"]] == [1, 2, 1]
    assert int(found["week"][0]["name"]) % SECONDS_PER_WEEK == 0
    assert rows("training") == [
        ("apart from training", 1, 1.0),
        ("unknown", 1, 1.0),
        ("within a minute of training", 2, 0.5),
    ]


def test_what_came_after_all_training_is_told_apart():
    judged = Judged(("A", "B"), np.array([[0.9, 0.1]]), ["A"])
    found = by_groups(judged, Origins(["H1"], np.array([O3A]), np.array([O1, O3A - 61])))
    assert found["training"][0]["name"] == "later than training"
