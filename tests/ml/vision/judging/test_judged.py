import numpy as np

from ml.vision.judging.judged import Judged, on_same_glitches


def judged(glitch_ids, p_first):
    p = np.array(p_first)
    labels = [key[0] for key in glitch_ids]
    return Judged(("A", "B"), np.column_stack([p, 1 - p]), labels, glitch_ids)


def test_two_versions_are_compared_on_what_both_could_read():
    first = judged(["A1", "A2", "B1", "B2"], [0.9, 0.8, 0.2, 0.1])
    second = judged(["B2", "A2", "A3"], [0.3, 0.6, 0.7])
    mine, theirs = on_same_glitches(first, second)
    assert list(mine.glitch_ids) == list(theirs.glitch_ids) == ["A2", "B2"]
    assert list(mine.labels) == list(theirs.labels) == ["A", "B"]
    assert mine.probabilities[:, 0].tolist() == [0.8, 0.1]
    assert theirs.probabilities[:, 0].tolist() == [0.6, 0.3]


def test_nothing_in_common_is_an_empty_test():
    mine, theirs = on_same_glitches(judged(["A1"], [0.9]), judged(["A2"], [0.9]))
    assert len(mine) == len(theirs) == 0
    assert mine.probabilities.shape == (0, 2)
