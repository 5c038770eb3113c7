import pytest

from ml.vision.judging.shadow import Said, disagreement


def test_disagreement_is_counted_with_where_it_goes():
    active = [Said("Blip", 0.9), Said("Blip", 0.8), Said("Tomte", 0.7), Said("Blip", 0.6)]
    candidate = [Said("Blip", 0.9), Said("Tomte", 0.6), Said("Tomte", 0.7), Said("Tomte", 0.4)]
    found = disagreement(active, candidate)
    assert (found["count"], found["differ"], found["share"]) == (4, 2, 0.5)
    assert found["interval"][0] < 0.5 < found["interval"][1]
    assert found["flows"] == [{"active": "Blip", "candidate": "Tomte", "count": 2}]
    assert found["confidence"] == {
        "active": pytest.approx(0.75),
        "candidate": pytest.approx(0.65),
    }


def test_what_the_other_cannot_know_is_no_disagreement():
    active = [Said("Blip", 0.9), Said("Blip", 0.8), Said("Tomte", 0.7)]
    candidate = [Said("Blip", 0.9), Said("Crown", 0.6), Said("Blip", 0.7)]
    found = disagreement(active, candidate, known=["Blip", "Tomte"])
    assert (found["count"], found["differ"], found["new"]) == (2, 1, 1)
    every = disagreement(active[1:2], candidate[1:2], known=["Blip", "Tomte"])
    assert (every["count"], every["share"], every["new"]) == (0, None, 1)


def test_no_glitch_is_no_disagreement():
    assert disagreement([], [])["share"] is None
