"""A wrong setting stops what starts, and says which one."""

import pytest
from django.core.checks import run_checks
from django.core.management import call_command
from django.core.management.base import SystemCheckError

from labeling.checks import check_recipe


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
