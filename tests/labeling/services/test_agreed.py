"""Answers on what the crowd settled: spread as its posterior is, counted once, beside gold."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from labeling.models import AgreedAnswers, Glitch, GlitchClass, Skill, User, Workflow
from labeling.selectors.skills import gold_answers_by_class
from labeling.services import agreed
from labeling.services.agreed import count_agreed_answers, switch_agreed
from labeling.services.classes import load_gravity_spy
from labeling.services.gold import add_gold_label
from labeling.services.recomputing import find_differences
from labeling.services.skills import answers_on, matrices
from labeling.services.taxonomy import Axis
from tests.conftest import make_glitch, teach
from tests.labeling.crowds import at_once, cast, wait_until_somebody_waits

pytestmark = pytest.mark.django_db


def later() -> timezone.datetime:
    return timezone.now() + timedelta(hours=2)


def settle(number: int, **votes: str) -> Glitch:
    glitch = make_glitch(number)
    for name, label in votes.items():
        cast(at_once(name), glitch, label)
    glitch.refresh_from_db()
    return glitch


def weights(name: str) -> dict[tuple[str, str], float]:
    """(truth, vote) -> what the agreed answers count at the time of the skill."""
    skill = User.objects.get(username=name).skill
    axis = Axis.load()
    label = {pk: c.label for pk, c in zip(axis.ids, axis.classes, strict=True)}
    cells = answers_on(axis.ids, skill.agreed, skill.created_at)
    return {
        (label[axis.ids[truth]], label[axis.ids[voted]]): cells[truth, voted]
        for truth, voted in zip(*cells.nonzero(), strict=True)
    }


# Of 22 classes, all as likely before, a newcomer names the right one with .75 and each other with
# .25 / 21: two votes for Blip make it .75^2 against 21 (.25 / 21)^2.
BLIP, OTHER = 0.75**2, (0.25 / 21) ** 2


@pytest.mark.parametrize("rule", ["bayes", "majority"])
def test_a_vote_is_spread_as_the_posterior_is_and_counts_a_quarter(taxonomy, rule):
    Workflow.objects.update(rule=rule)
    assert settle(1, ada="Blip", ben="Blip").retire_reason == "consensus"
    assert count_agreed_answers(later()) == 1
    found = weights("ada")
    assert found["Blip", "Blip"] == pytest.approx(0.25 * BLIP / (BLIP + 21 * OTHER), rel=1e-3)
    assert found["Whistle", "Blip"] == pytest.approx(0.25 * OTHER / (BLIP + 21 * OTHER), rel=1e-2)
    assert sum(found.values()) == pytest.approx(0.25, rel=1e-3)
    assert {voted for _, voted in found} == {"Blip"}


def test_a_late_vote_on_what_was_reopened_is_no_part_of_the_posterior(taxonomy):
    Workflow.objects.update(rule="majority")
    glitch = settle(1, ada="Blip", ben="Blip")
    cast(at_once("late"), glitch, "Whistle")
    Glitch.objects.update(retired_at=None, retire_reason="")
    cast(at_once("cy"), glitch, "Blip")
    assert count_agreed_answers(later()) == 1
    three, others = 0.75**3, 21 * (0.25 / 21) ** 3
    assert weights("ada")["Blip", "Blip"] == pytest.approx(
        0.25 * three / (three + others), rel=1e-3
    )


def test_each_vote_counts_once_however_often_the_worker_runs(taxonomy):
    settle(1, ada="Blip", ben="Blip")
    assert [count_agreed_answers(later()) for _ in range(2)] == [1, 0]
    settle(2, ada="Tomte", ben="Tomte")
    assert count_agreed_answers(later()) == 1
    row = User.objects.get(username="ada").skill.agreed
    assert row.answers == 2
    assert sum(weights("ada").values()) == pytest.approx(0.5, rel=1e-3)


def test_killed_before_its_end_it_leaves_nothing_and_begins_again(taxonomy, monkeypatch):
    settle(1, ada="Blip", ben="Blip")

    def die(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(agreed, "agreed_row", die)
        with pytest.raises(KeyboardInterrupt):
            count_agreed_answers(later())
    assert not Glitch.objects.filter(answers_counted=True).exists()
    assert not Skill.objects.exists()
    assert count_agreed_answers(later()) == 1


def test_it_waits_until_no_vote_can_be_taken_back(taxonomy):
    settle(1, ada="Blip", ben="Blip")
    assert count_agreed_answers(timezone.now() + timedelta(minutes=30)) == 0


@pytest.mark.parametrize(("reason", "counted"), [("human", 0), ("classification_count", 1)])
def test_what_people_retired_says_nothing_of_the_votes(taxonomy, reason, counted):
    settle(1, ada="Blip", ben="Tomte")
    Glitch.objects.update(retired_at=timezone.now(), retire_reason=reason)
    assert count_agreed_answers(later()) == counted


def test_what_experts_labeled_afterwards_counts_as_gold_does(taxonomy):
    glitch = settle(1, ada="Blip", ben="Blip")
    add_gold_label(glitch, taxonomy["Tomte"], by=None)
    count_agreed_answers(later())
    assert weights("ada") == {("Tomte", "Blip"): pytest.approx(1.0, rel=1e-3)}


def test_answers_on_gold_stay_as_they_are_and_the_skill_is_read_from_both(taxonomy):
    blip, tomte = taxonomy["Blip"], taxonomy["Tomte"]
    ada = at_once("ada")
    teach(ada, blip, tomte, 2)
    axis = Axis.load()
    before = matrices(ada.skill_id, axis.ids, None)
    for number in range(8):
        settle(number, ada="Blip", ben="Blip", cy="Blip")
    count_agreed_answers(later())
    ada.refresh_from_db()
    after = matrices(ada.skill_id, axis.ids, None)
    assert gold_answers_by_class(ada.skill) == {blip.pk: (0, 2)}
    assert after.counts == pytest.approx(before.counts, rel=1e-3)
    place = axis.by_label["Blip"]
    assert after.confusion[place, place] > before.confusion[place, place] + 0.1
    teach(ada, blip, blip, 1)  # the next answer on gold keeps them
    ada.refresh_from_db()
    assert ada.skill.agreed.answers == 8
    assert list(find_differences()) == []


@pytest.mark.django_db(transaction=True)
def test_an_answer_on_gold_given_meanwhile_is_not_lost():
    """The answer is written and not committed when the switch asks for the volunteer's row."""
    load_gravity_spy()
    blip = GlitchClass.objects.get(label="Blip")
    ada = at_once("ada")
    cells = {"truths": [blip.pk], "votes": [blip.pk], "weights": [1.0]}
    row = AgreedAnswers.objects.create(volunteer=ada, answers=1, **cells)
    errors = []

    def switch():
        try:
            switch_agreed({ada.pk: row.pk}, timezone.now())
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    other = threading.Thread(target=switch)
    with transaction.atomic():
        held = User.objects.select_for_update(no_key=True).get(pk=ada.pk)
        teach(held, blip, blip, 1)
        other.start()
        wait_until_somebody_waits()
    other.join()
    assert errors == []
    ada.refresh_from_db()
    assert gold_answers_by_class(ada.skill) == {blip.pk: (1, 1)}
    assert ada.skill.agreed_id == row.pk
