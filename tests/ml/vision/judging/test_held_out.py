"""Classes held out of made-up features, and of the real spectrograms where they are at hand."""

import os
from pathlib import Path

import numpy as np
import pytest

from ml.vision.judging.held_out import hold_out_each

REAL = Path(os.environ.get("NOTA_SHARED", "../shared")) / "data" / "real_spectrograms_140x170.npz"


def test_a_class_that_looks_different_is_noticed():
    """Four classes of features and rows of their own: each, held out, looks unlike all others."""
    rng = np.random.default_rng(0)
    labels = np.repeat(["A", "B", "C", "D"], 20)
    features = np.abs(np.repeat(np.eye(8)[:4] * 5, 20, axis=0) + rng.normal(0, 0.1, (80, 8)))
    sketches = rng.integers(0, 40, (80, 1, 28, 7)).astype(np.uint8)
    sketches[np.arange(80), 0, np.repeat([3, 9, 15, 21], 20)] = 200
    rows = list(hold_out_each(features, sketches, labels))
    assert [row["held_out"] for row in rows] == ["A", "B", "C", "D"]
    for row in rows:
        assert (row["unseen"], row["known"]) == (20, 24)
        assert row["auroc"]["distance"] == 1.0
        assert row["sure"]["unseen_after"] == 0.0


@pytest.mark.skipif(not REAL.is_file(), reason=f"no real spectrograms at {REAL} (set NOTA_SHARED)")
def test_no_real_class_held_out_comes_out_sure(tmp_path):
    from bench.novelty import read_table

    rows = list(hold_out_each(*read_table(REAL, tmp_path)))
    assert len(rows) == 6
    # Unseen glitches of all six classes together: those that come out at .97 or more.
    unseen = sum(row["unseen"] for row in rows)
    before, after = (
        sum(row["sure"][when] * row["unseen"] for row in rows) / unseen
        for when in ("unseen_before", "unseen_after")
    )
    assert after < 0.06 < 0.15 < before
    assert np.mean([row["auroc"]["reported"] for row in rows]) > 0.95
