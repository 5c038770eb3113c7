"""Charts and template filters: small tables that can be checked by hand."""

import doctest

import pytest

from labeling.selectors import guide
from labeling.selectors.reliability import Bin, reliability
from labeling.services.predictions import Scored, store_predictions
from labeling.templatetags import nota
from labeling.web import charts, review_models
from tests.conftest import make_glitch
from tests.labeling.web.worlds import EPOCHS, make_version


@pytest.mark.parametrize("module", [charts, guide, nota, review_models])
def test_examples_in_the_docstrings(module):
    assert doctest.testmod(module).failed == 0


def test_curves_leave_out_what_was_not_measured():
    loss, accuracy = charts.learning_curves(EPOCHS)
    assert [(line.name, len(line.points.split())) for line in loss.lines] == [
        ("training", 3),
        ("validation", 2),  # epoch 0 had none
    ]
    assert (loss.high, accuracy.high) == (2.0, 1.0)
    # Training loss 2.0 of 2.0 at epoch 0: the upper left corner of the axes.
    assert loss.lines[0].points.split()[0] == f"{charts.LEFT}.0,{charts.TOP}.0"


@pytest.mark.parametrize("epochs", [[], EPOCHS[:1], [{"epoch": 1}, {"epoch": 2}]])
def test_no_curve_without_two_points(epochs):
    assert charts.learning_curves(epochs) == []


def test_weeks_without_glitches_keep_their_place():
    week = charts.SECONDS_PER_WEEK
    drawn = charts.weekly_bars({str(10 * week): 4, str(12 * week): 2})
    assert [(bar.count, bar.height) for bar in drawn] == [(4, 100.0), (0, 0.0), (2, 50.0)]
    assert charts.weekly_bars({}) == []


def test_reliability_dots():
    (dot,) = charts.reliability_points([Bin(confidence=0.9, accuracy=0.75, count=4)])
    assert (dot["x"], dot["y"], dot["r"]) == (90.0, 25.0, 5.0)


@pytest.mark.django_db
def test_reliability_counts_gold_of_the_test_split_alone(taxonomy):
    """Of a class's first three gold labels one is in the test split; it is called right at .95."""
    version = make_version(1, "active")
    for number in range(3):
        glitch = make_glitch(number, gold_label="Blip")
        store_predictions(version, [Scored(glitch.pk, [0.95, 0.05])])
    assert reliability(version) == [Bin(0.95, 1.0, 1)]
    assert reliability(make_version(2, "replaced")) == []
