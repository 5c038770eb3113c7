"""What is kept in memory between votes."""

import pytest

from labeling.models import Workflow
from labeling.services.classes import add_class
from labeling.services.taxonomy import current_taxonomy

pytestmark = pytest.mark.django_db


def test_a_site_without_classes_has_no_levels():
    assert current_taxonomy().levels == ()


def test_it_is_read_once_within_its_seconds(taxonomy, settings, django_assert_num_queries):
    current_taxonomy()
    settings.TAXONOMY_SECONDS = 60
    with django_assert_num_queries(0):
        assert current_taxonomy().class_labeled("Blip") == taxonomy["Blip"]


def test_a_class_born_meanwhile_is_known_as_soon_as_somebody_votes_for_it(taxonomy, settings):
    current_taxonomy()
    settings.TAXONOMY_SECONDS = 60
    born = add_class("Crown", "Crown", "")
    assert current_taxonomy().class_labeled("Crown") is None
    assert current_taxonomy(knowing="Crown").class_labeled("Crown") == born


def test_each_level_adds_what_those_below_lack(taxonomy):
    levels = current_taxonomy().levels
    assert levels[0].adds == {taxonomy["Blip"].pk, taxonomy["Whistle"].pk}
    assert not levels[0].adds & levels[1].adds
    Workflow.objects.filter(level=1).update(is_open=False)
    assert [v.workflow.level for v in current_taxonomy().open_levels] == [2, 3, 4, 5, 6]
