"""A wrong setting stops what starts, and says which one."""

import pytest
from django.core.checks import run_checks
from django.core.management import call_command
from django.core.management.base import SystemCheckError

from labeling.checks import check_numbers, check_recipe


@pytest.mark.parametrize("name", ["", "auto", "nota", "george-vgg16"])
def test_a_recipe_that_is_there_is_fine(settings, name):
    settings.TRAINING_RECIPE = name
    assert check_recipe() == []


@pytest.mark.parametrize(
    ("name", "words"), [("nota-cpi", "did you mean nota-cpu"), ("ensemble", "its members")]
)
def test_a_recipe_that_no_training_can_start_by_is_named(settings, name, words):
    settings.TRAINING_RECIPE = name
    (error,) = (one for one in run_checks() if one.id.startswith("labeling."))
    assert words in error.msg
    assert error.msg.startswith("NOTA_RECIPE")
    with pytest.raises(SystemCheckError, match=words):
        call_command("check")


def test_the_numbers_of_a_site_that_sets_none_are_fine():
    assert check_numbers() == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RETRAIN_DAYS", -1.0),  # one training after another
        ("RETRAIN_DAYS", float("nan")),
        ("RETRAIN_LABELS", -5),
        ("KEEP_FAILED_DAYS", 1e9),  # no date is as late
        ("SHADOW_DISAGREEMENT", 20.0),  # percent, where a share is meant
        ("RUN_LEASE_SECONDS", 0),  # over as soon as it begins
    ],
)
def test_a_number_out_of_range_is_named(settings, name, value):
    setattr(settings, name, value)
    (error,) = (one for one in run_checks() if one.id.startswith("labeling."))
    assert error.msg.startswith(f"NOTA_{name} is {value:g}; it must be a number from ")
