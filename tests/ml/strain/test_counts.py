"""Counts of whole sets: every class, and the training set's unevenness."""

import pytest

from ml.strain.counts import DEMO, PLANTED, TRAINING_SET, BadTotal, balanced, imbalanced
from ml.strain.waveforms import WAVEFORMS


def test_every_class_of_every_set_can_be_simulated():
    assert (len(TRAINING_SET), len(PLANTED)) == (22, 5)
    assert set(balanced(3)) == {*TRAINING_SET, *PLANTED}
    assert set(balanced(3)) | set(DEMO) <= set(WAVEFORMS)
    assert set(balanced(3).values()) == {3}


def test_the_demo_has_six_hundred_glitches_and_two_planted_classes():
    assert sum(DEMO.values()) == 600
    assert [DEMO[label] for label in PLANTED if label in DEMO] == [60, 60]
    assert "No_Glitch" in DEMO
    assert len(set(DEMO) - set(PLANTED)) >= 8


@pytest.mark.parametrize(
    ("total", "blips", "doves"),
    [(8583, 1869, 27), (1000, 218, 3), (100, 22, 1), (22, 1, 1)],
)
def test_imbalance_is_that_of_the_training_set_and_sums_up(total, blips, doves):
    counts = imbalanced(total)
    known = [counts[label] for label in TRAINING_SET]
    assert sum(known) == total
    assert (counts["Blip"], counts["Paired_Doves"]) == (blips, doves)
    assert {counts[label] for label in PLANTED} == {sorted(known)[11]}


def test_a_set_too_small_for_its_classes_is_refused():
    with pytest.raises(BadTotal, match="22 classes"):
        imbalanced(21)
