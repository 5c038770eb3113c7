"""The prior learned from the crowd: stored, named, and learned anew when there is more to learn."""

import numpy as np
import pytest
from django.utils import timezone

from labeling.models import AgreedAnswers, Consensus, LearnedPrior, User
from labeling.services import skill_priors
from labeling.services.agreed import store_agreed, switch_agreed
from labeling.services.classes import add_class
from labeling.services.promotion import classes_to_master, promote_if_ready
from labeling.services.recomputing import find_differences
from labeling.services.skill_priors import refresh_skill_prior
from labeling.services.skills import matrices
from labeling.services.taxonomy import Axis, current_taxonomy
from tests.conftest import make_glitch, make_volunteer, teach
from tests.labeling.crowds import at_once, cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def taught(taxonomy, monkeypatch):
    """Four volunteers, each right on 9 of 10 Blips, who take the tenth for a Tomte."""
    monkeypatch.setattr(skill_priors, "VOLUNTEERS_MIN", 4)
    monkeypatch.setattr(skill_priors, "ANSWERS_MIN", 40)
    for name in ("ada", "ben", "cy", "dan"):
        volunteer = at_once(name)
        teach(volunteer, taxonomy["Blip"], taxonomy["Blip"], 9)
        teach(volunteer, taxonomy["Blip"], taxonomy["Tomte"], 1)
        User.objects.filter(pk=volunteer.pk).update(gold_seen=10)
    return taxonomy


def test_a_newcomer_starts_as_the_average_newcomer(taught):
    made = refresh_skill_prior(timezone.now())
    assert (made.volunteers, made.answers) == (4, 40)
    axis = Axis.load()
    newcomer = matrices(None, axis.ids, made.pk).confusion
    blip, tomte, koi = (axis.by_label[label] for label in ("Blip", "Tomte", "Koi_Fish"))
    assert newcomer[blip, blip] == pytest.approx(0.9, abs=0.03)
    assert newcomer[blip, tomte] > 5 * newcomer[blip, koi]
    assert newcomer.sum(axis=1) == pytest.approx(np.ones(len(axis.ids)))


def test_it_is_learned_anew_when_there_is_a_tenth_more(taught):
    first = refresh_skill_prior(timezone.now())
    assert refresh_skill_prior(timezone.now()) is None
    User.objects.filter(username="ada").update(gold_seen=13)
    assert refresh_skill_prior(timezone.now()) is None
    User.objects.filter(username="ada").update(gold_seen=14)
    second = refresh_skill_prior(timezone.now())
    assert second.pk > first.pk
    assert LearnedPrior.objects.count() == 2


@pytest.mark.parametrize("few", ["VOLUNTEERS_MIN", "ANSWERS_MIN"])
def test_a_few_teach_nothing_of_all(taught, monkeypatch, few):
    monkeypatch.setattr(skill_priors, few, getattr(skill_priors, few) + 1)
    assert refresh_skill_prior(timezone.now()) is None


def test_a_class_born_since_has_a_row_of_its_own(taught):
    made = refresh_skill_prior(timezone.now())
    add_class("Crown", "Crown", "")
    axis = Axis.load()
    assert len(made.errors) == (len(axis.ids) - 1) ** 2
    newcomer = matrices(None, axis.ids, made.pk).confusion
    crown = axis.by_label["Crown"]
    assert newcomer[crown, crown] == pytest.approx(newcomer[0, 0], abs=0.02)
    others = np.delete(newcomer[crown], crown)
    assert others == pytest.approx(np.full(len(others), others[0]), rel=0.1)
    assert newcomer[0, crown] > 0


def test_each_consensus_names_the_prior_that_it_went_by(taught):
    first, second = make_glitch(1), make_glitch(2)
    cast(at_once("eve"), first, "Blip")
    made = refresh_skill_prior(timezone.now())
    assert current_taxonomy().skill_prior == made.pk
    cast(at_once("eve"), second, "Blip")
    named = dict(Consensus.objects.values_list("glitch", "skill_prior"))
    assert named == {first.pk: None, second.pk: made.pk}
    agreed = dict(Consensus.objects.values_list("glitch", "top_agreement"))
    assert agreed[second.pk] > agreed[first.pk]  # .9 instead of .75 from a newcomer
    assert list(find_differences()) == []
    Consensus.objects.update(skill_prior=None)  # another prior would not give the same
    assert [found.gravityspy_id for found in find_differences()] == ["0000000002"]


def test_promotion_goes_by_the_prior_and_by_gold_alone(taught):
    """Blip is new at the first level. By default .75 of six answers is believed to be right."""
    make_glitch(1, gold_label="Blip")
    newcomer = make_volunteer("eve", level=1)
    blip = taught["Blip"].pk
    assert classes_to_master(newcomer, current_taxonomy()) == {blip: pytest.approx((4.5, 1.5))}
    made = refresh_skill_prior(timezone.now())
    right, wrong = classes_to_master(newcomer, current_taxonomy())[blip]
    assert right + wrong == pytest.approx(made.answers_per_class)
    assert right / (right + wrong) == pytest.approx(0.9, abs=0.03)
    for _ in range(2):
        assert promoted_by_one_more(newcomer, taught) is None  # the minimum is three
    agreed = AgreedAnswers(
        volunteer=newcomer, truths=[blip], votes=[blip], weights=[99.0], answers=99
    )
    switch_agreed(store_agreed([agreed]), timezone.now())
    newcomer.refresh_from_db()
    assert promote_if_ready(newcomer) is None
    assert promoted_by_one_more(newcomer, taught) == 2


def promoted_by_one_more(volunteer, taxonomy):
    teach(volunteer, taxonomy["Blip"], taxonomy["Blip"], 1)
    return promote_if_ready(volunteer)
