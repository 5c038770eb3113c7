"""Levels: who rises, who waits for gold, and that no level holds anybody for ever."""

import pytest
from django.utils import timezone

from labeling.models import GlitchClass, Workflow, WorkflowClass
from labeling.services.promotion import promote_if_ready
from labeling.services.taxonomy import current_taxonomy
from tests.conftest import make_glitch, make_volunteer, teach

pytestmark = pytest.mark.django_db


def test_where_no_new_class_has_gold_nobody_rises_until_one_has(taxonomy):
    """Level 2 adds the Koi Fish among others; gold on Blip is of level 1."""
    blip, koi = taxonomy["Blip"], taxonomy["Koi_Fish"]
    make_glitch(1, gold_label="Blip")
    ada = make_volunteer(level=2)
    teach(ada, blip, blip, 9)
    assert promote_if_ready(ada) is None
    make_glitch(2, gold_label="Koi_Fish")
    assert promote_if_ready(ada) is None
    teach(ada, koi, koi, 5)
    assert (promote_if_ready(ada), ada.level) == (3, 3)
    assert promote_if_ready(ada) is None


def test_a_retired_class_is_asked_of_nobody(taxonomy):
    """Blip and Whistle are new at level 1: without Whistle, Blip alone opens level 2."""
    blip, whistle = taxonomy["Blip"], taxonomy["Whistle"]
    make_glitch(1, gold_label="Blip")
    make_glitch(2, gold_label="Whistle")
    ada = make_volunteer(level=1)
    teach(ada, blip, blip, 9)
    assert promote_if_ready(ada) is None
    GlitchClass.objects.filter(pk=whistle.pk).update(valid_to=timezone.now())
    assert promote_if_ready(ada) == 2


def test_a_level_that_adds_nothing_asks_for_what_the_one_below_adds(taxonomy):
    blip = taxonomy["Blip"]
    make_glitch(1, gold_label="Blip")
    added = current_taxonomy().levels[1].adds
    WorkflowClass.objects.filter(workflow__level=2, glitch_class__in=added).delete()
    ada = make_volunteer(level=2)
    assert promote_if_ready(ada) is None
    teach(ada, blip, blip, 9)
    assert promote_if_ready(ada) == 3


def test_below_all_open_levels_one_rises_from_the_lowest(taxonomy):
    """Level 1 is closed: level 2 serves, and Blip is as new there as the Koi Fish."""
    blip, koi = taxonomy["Blip"], taxonomy["Koi_Fish"]
    make_glitch(1, gold_label="Blip")
    make_glitch(2, gold_label="Koi_Fish")
    Workflow.objects.filter(level=1).update(is_open=False)
    ada = make_volunteer(level=1)
    teach(ada, koi, koi, 9)
    assert promote_if_ready(ada) is None
    teach(ada, blip, blip, 9)
    assert promote_if_ready(ada) == 3


def test_at_a_closed_level_one_rises_from_the_open_one_below(taxonomy):
    """Level 2 is closed: level 1 serves, and nobody there is asked about a Koi Fish."""
    blip = taxonomy["Blip"]
    make_glitch(1, gold_label="Blip")
    make_glitch(2, gold_label="Koi_Fish")
    Workflow.objects.filter(level=2).update(is_open=False)
    ada = make_volunteer(level=2)
    assert promote_if_ready(ada) is None
    teach(ada, blip, blip, 9)
    assert promote_if_ready(ada) == 3
    assert promote_if_ready(ada) is None  # the Koi Fish is new at level 3 now
