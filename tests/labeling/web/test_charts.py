"""Charts and template filters: small tables that can be checked by hand."""

import doctest

import pytest

from labeling.selectors import guide
from labeling.templatetags import nota
from labeling.web import charts, review_models
from tests.labeling.web.worlds import EPOCHS


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
    assert drawn[0].name == "week of 16 Mar 1980"  # a Sunday, ten weeks after the 6th of January
    assert charts.weekly_bars({}) == []
